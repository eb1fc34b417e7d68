/**
 * Data: samples that can be read in any order, split, batched, augmented and turned into a model's input. Runs in Node and in a page;
 * what reads files is in data/node.
 */
export * from './augment/index.js';
export * from './batches.js';
export { concatDatasets, type WeightedPart } from './concat.js';
export * from './dataset.js';
export * from './formats/index.js';
export { limitSource, thinned } from './limit.js';
export { type ArrayData, arrayDataset, checkIndices, checkSignal, makeBatch } from './memory.js';
export * from './preprocess/index.js';
export { type RaggedData, raggedDataset, textDataset } from './ragged.js';
export { mapTargets, reorderClasses, withTargets } from './relabel.js';
export { checkClasses, checkDisjoint, DEFAULT_SHARES, type Share, type SplitOptions, type Splits, splitSource } from './split.js';
export { representatives, subset } from './subset.js';
export * from './targets.js';
export { allocate, bytesPerElement, type DataTensor, ELEMENT_TYPES, type ElementType, type SampleKind, type TypedData } from './tensor.js';
