/**
 * Espalier for Node: everything that the command line does, as functions with types. The parts are also to be had one by one, as
 * 'espalier/onnx', 'espalier/training' and so on; those without "node" in their path run in a browser as well.
 */
export { architecture, architectures } from './architectures/index.js';
export * from './base/index.js';
export { shareWeights, weightSharing } from './compression/clustering/index.js';
export { factorizeModel, lowRank } from './compression/factorization/index.js';
export { minify, minifyModel } from './compression/packaging/index.js';
export { prune, pruneModel, sparsify } from './compression/pruning/index.js';
export { quantize, quantizeAwareTrain, quantizeDynamic, quantizeStatic } from './compression/quantization/index.js';
export { splitSource } from './data/index.js';
export { decodeTflite, encodeTflite } from './formats/index.js';
export { loadModel, saveModel } from './formats/node/index.js';
export { footprint } from './infrastructure/hardware/index.js';
export { compareLatency, measureLatency } from './infrastructure/hardware/node/index.js';
export { createNodeRuntime } from './infrastructure/runtime/node/index.js';
export { distill } from './learning/distillation/index.js';
export { flipEnsemble } from './learning/ensembling/index.js';
export { standardize, whiten } from './learning/initialization/index.js';
export { trainTechnique } from './learning/tuning/index.js';
export { addMetric } from './metrics/index.js';
export { addModality, createTask, predictor, withFrontEnd } from './modalities/index.js';
export { addReader, openDataset, openModel } from './modalities/node/index.js';
export { decodeModel, encodeModel, type Model, Tensor } from './onnx/index.js';
export { inferShapes } from './ops/index.js';
export { front, hypervolume } from './pareto/index.js';
export { addTechnique, growImproveShrink, optimize, type RunInfo, shrinkAndImprove, techniques } from './strategies/index.js';
export { nodeHost, openWorkspace } from './strategies/node/index.js';
export { evaluate, type Task, train } from './training/index.js';
