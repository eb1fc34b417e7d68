export { clusterLine, type Palette } from './kmeans.js';
export { type ShareOptions, type SharedWeight, shareWeights } from './share.js';
export { type WeightSharingOptions, weightSharing } from './weight-sharing.js';
