export * from './pipeline.js';
export { type Augmentation, type AugmentationKind, addAugmentation, augmentationKinds, checkOption } from './table.js';
