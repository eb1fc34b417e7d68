export { type Augmentation, type AugmentationKind, checkOption } from './kind.js';
export * from './pipeline.js';
export { addAugmentation, augmentationKinds } from './table.js';
