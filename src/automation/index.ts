export type { StudyEnd } from './course/course.js';
export { type ImportanceOptions, parameterImportance } from './importance/index.js';
export { asJson, canonicalText, type Json } from './json.js';
export type {
  CategoricalParameter,
  Condition,
  FloatParameter,
  IntegerParameter,
  Parameter,
  Point,
  SpaceDefinition,
  Value,
} from './parameters.js';
export { type Job, type JobQueue, type JobSource, memoryQueue, type WaitOptions, type Work } from './queue/index.js';
export type { StudyResults } from './results.js';
export * from './samplers/index.js';
export type { MayTry, StudyOptions } from './settings.js';
export { SearchSpace } from './space.js';
export { type StudyHeader, StudyState } from './state.js';
export * from './stoppers/index.js';
export * from './storages/index.js';
export { createStudy, readStudy, runStudy, type Study } from './study.js';
export {
  type AskedTrial,
  type History,
  type Judge,
  type Objective,
  type Outcome,
  type Report,
  type Trial,
  type TrialFailure,
  type TrialRecord,
  type TrialState,
  TrialStopped,
  totalViolation,
} from './trial.js';
