import type { Point, SpaceDefinition, TrialState } from '../../automation/index.js';
import type { Recipe } from '../../technique/index.js';
import type { Limits, ModelInfo, ObjectiveName, RunInfo } from './info.js';

/** What a run in progress says that it is. */
export const LIVE_SCHEMA = 'espalier/live@1';

/**
 * 'starting': the baseline is trained or measured; 'searching'; 'paused'; 'settling': the front is measured on the test part; 'complete': front.json is written; 'stopped': nobody is at work, and the same command goes
 * on; 'failed': its last process ended with an error.
 */
export type RunState = 'starting' | 'searching' | 'paused' | 'settling' | 'complete' | 'stopped' | 'failed';

/** A run as it stands: what is drawn while it goes on. When it has ended, front.json says more. */
export interface LiveRun {
  schema: typeof LIVE_SCHEMA;
  /** Rises with every change. */
  revision: number;
  name: string;
  state: RunState;
  /** Why it failed. */
  error?: string;
  strategy: string;
  /** As RunInfo has them. Absent until the baseline is measured: `objectives`, `baseline`. */
  task: Pick<RunInfo['task'], 'name' | 'kind' | 'metric'>;
  objectives?: ObjectiveName[];
  /** What models must keep to now. */
  limits: Limits;
  baseline?: ModelInfo;
  /** Every model so far, by when it was made; `onFront` and `breaks` by the limits of now, on validation quality. */
  models: ModelInfo[];
  /** What trials are points of. Absent until the first is proposed. */
  space?: SpaceDefinition;
  trials: LiveTrial[];
  /** How many recipes are to be tried in all. */
  wanted: number;
  /** Who is at work, this machine's jobs and workers of a queue alike. */
  workers: LiveWorker[];
  /** The latest messages, at most 200. */
  messages: LiveMessage[];
  /** Milliseconds since 1970. */
  begun: number;
  updated: number;
  /** Seconds that are likely left, from the times of trials that ended in this run; absent where none did. */
  secondsLeft?: number;
}

export interface LiveTrial {
  number: number;
  state: TrialState;
  point: Point;
  recipe?: Recipe;
  /** For people, e.g. "prune 0.5 + int8". */
  label?: string;
  /** One per objective. */
  values?: readonly number[];
  /** The ids of its models, the last stage last. */
  models: readonly string[];
  /** What was measured on the way, by the epochs of all its trainings: `curveOf` says what. */
  curve: readonly { step: number; value: number }[];
  /** 'quality': on validation data; 'loss': that of the training part, where the trainings measure nothing else. Absent where there is no curve. */
  curveOf?: 'quality' | 'loss';
  /** Of one that was given up: after which epoch of all its trainings, and in which technique and stage. */
  stopped?: { readonly epoch: number; readonly technique: string; readonly stage: string };
  /** Milliseconds since 1970 of its last attempt, where known. */
  begun?: number;
  ended?: number;
  error?: string;
  /** The name of the worker of its last attempt, where known. */
  worker?: string;
  /** Whether it was added by hand. */
  byHand?: true;
}

export interface LiveWorker {
  name: string;
  /** The trial that it is at. */
  trial?: number;
  /** What it is doing, e.g. "train", and how far it is. */
  task?: string;
  done?: number;
  total?: number;
  facts?: Record<string, number | string>;
  /** Milliseconds since 1970 of its last sign of life. */
  seen: number;
}

export interface LiveMessage {
  /** Milliseconds since 1970. */
  at: number;
  level: 'info' | 'warning';
  text: string;
}

/** What changed since a revision: whole values of the fields that did; of models and trials those that did, by `id` and by `number`. */
export interface LiveChange extends Partial<Omit<LiveRun, 'schema' | 'models' | 'trials'>> {
  revision: number;
  models?: ModelInfo[];
  trials?: LiveTrial[];
}
