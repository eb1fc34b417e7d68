export {
  type Augmentation,
  type AugmentationKind,
  type AugmentationOption,
  checkOption,
  choiceOption,
  numberOption,
  switchOption,
} from './kind.js';
export * from './pipeline.js';
export { addAugmentation, augmentationKinds } from './table.js';
