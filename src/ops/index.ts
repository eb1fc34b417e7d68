export { resizeTaps } from './families/resize.js';
export { tailOf } from './gradients/windows.js';
export { Inference, type InferOptions, inferShapes, typedBuilder } from './inference.js';
export { type LayerForm, layerOf, traitsOf } from './layers.js';
export { inferenceNormalization } from './normalization.js';
export * from './passes/index.js';
export { dequantized, integersAreReal, isQuantized, roundsData } from './plain/dequantize.js';
export { storedWeight } from './plain/stored-weight.js';
export { operatorsAreStandard, unfused } from './plain/unfuse.js';
export { floatedOutputs, floatOutputs, floatsAreWide, isHalf, widened } from './plain/widen.js';
export * from './rule.js';
export { axesOf } from './shared/axes.js';
export { batchStatistics, channelsOf, inverseDeviation } from './shared/channels.js';
export { type Equation, parseEquation } from './shared/einsum.js';
export { isElementwise } from './shared/elementwise.js';
export type { MatrixProduct, ProductRule } from './shared/products.js';
export type { Tap } from './shared/resampling.js';
export {
  convolutionWindows,
  paddingOf,
  poolWindows,
  type TransposedWindow,
  transposedPadding,
  transposedWindows,
  type Window,
} from './shared/windows.js';
export { addOperator, knownOperators, requireRule, ruleOf } from './table.js';
export type { LayerTrait, NormalizationTrait, Traits } from './traits.js';
export { opsetAtLeast, upgradeInPlace, upgradeOpset, upgradeTo } from './upgrade.js';
