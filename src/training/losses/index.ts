export { type CrossEntropyOptions, crossEntropy, labelCrossEntropy, meanCrossEntropy } from './cross-entropy.js';
export { DISTILLATION, type DistillationOptions, distillation } from './distillation.js';
export { asRows, type LossBuilder, type LossContext, TARGETS } from './loss.js';
export { LOSSES, type LossName } from './names.js';
export { followReference } from './reference.js';
export { type ErrorShape, regressionLoss } from './regression.js';
export { headOf, isSigmoid, logitsOf } from './scores.js';
