export { clusterLine, type Palette } from './kmeans.js';
export { type SharedWeight, type ShareOptions, shareWeights } from './share.js';
export { type WeightSharingOptions, weightSharing } from './weight-sharing.js';
