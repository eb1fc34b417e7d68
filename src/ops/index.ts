export { tailOf } from './gradients/windows.js';
export { Inference, type InferOptions, inferShapes, typedBuilder } from './inference.js';
export * from './rule.js';
export { axesOf } from './shared/axes.js';
export { batchStatistics, channelsOf, inverseDeviation } from './shared/channels.js';
export { isElementwise } from './shared/elementwise.js';
export { convolutionWindows, paddingOf, poolWindows, type Window } from './shared/windows.js';
export { knownOperators, requireRule, ruleOf } from './table.js';
export { upgradeOpset } from './upgrade.js';
