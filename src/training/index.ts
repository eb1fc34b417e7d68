export { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
export { batchSizeOf, type EvaluateOptions, evaluate, type Quality, scoresOf } from './evaluate.js';
export { buildLossGradients, type LossGradients } from './loss-gradients.js';
export {
  asRows,
  crossEntropy,
  type DistillationOptions,
  distillation,
  type LossBuilder,
  type LossContext,
  logitsOf,
  meanCrossEntropy,
  meanSquaredError,
  TARGETS,
} from './losses.js';
export {
  type ClassificationReport,
  classificationReport,
  predictions,
  type Scores,
  topK,
  wilsonInterval,
} from './metrics/classification.js';
export { FidelityMeter, type FidelityReport } from './metrics/fidelity.js';
export { OPTIMIZERS, type OptimizerSpec } from './optimizers/index.js';
export type { TrainOptions } from './options.js';
export { exposeParameters, trainableParameters } from './parameters.js';
export type { Checkpoint, EpochRecord, StepControl, TrainRequest, TrainResult } from './request.js';
export { checkSchedule, type Schedule, scheduleFactor } from './schedules.js';
export { createTask, scoresOutput, type TaskOptions, type TaskSetup } from './setup.js';
export { buildTrainingStep, SEED_INPUT, type StepOptions, type TrainingStep } from './step.js';
export {
  type ClassificationTask,
  type Feed,
  type FidelityTask,
  feedsOf,
  inputShapes,
  rowsOf,
  scoresIn,
  type Task,
  targetsOf,
} from './task.js';
export { train } from './train.js';
export { withWeights } from './weights.js';
