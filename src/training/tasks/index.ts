export { type ClassificationOptions, classification } from './classification.js';
export { type DetectionOptions, detection } from './detection/detection.js';
export { type FidelityOptions, fidelity, fidelityOutputs } from './fidelity.js';
export { findGoal, type GoalOptions, taskNames } from './kinds.js';
export { type MultiLabelOptions, multiLabel } from './multi-label.js';
export { type ClassOutput, classOutput, holdsScores, numberOutputs, outputNamed } from './outputs.js';
export { type RegressionOptions, regression } from './regression.js';
export type { Collector, Goal, LossOptions, Outputs, TargetOptions, Task } from './task.js';
