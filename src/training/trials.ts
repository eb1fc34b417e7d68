import { representatives } from '../data/index.js';
import type { Model, Tensor } from '../onnx/index.js';
import { batchSizeOf } from './batch-size.js';
import { exposed, headsOf } from './exposed.js';
import { runsOf } from './feeds.js';
import type { Task } from './tasks/task.js';

/** Inputs on which models are compared number by number, where nothing says what is right: real ones, or made up. */
export interface Trials {
  /** What one run is fed, for people. */
  readonly kind: 'made-up input' | 'sample';
  /** The outputs that are compared, and the SQNR in dB that is enough of each. */
  readonly wanted: ReadonlyMap<string, number>;
  /** An output that stays from 0 to below this in the original says nothing, and does not count. Default: all count. */
  readonly quiet?: number;
  /** A model with these outputs; see `Goal.expose`. */
  expose(model: Model): Model;
  /** The inputs of one run after the other. Whoever gets them may give their memory away. */
  feeds(): AsyncIterable<Record<string, Tensor>>;
}

/** SQNR in dB of an output from which a model is said to follow another: noise of a tenth of the signal. */
export const FOLLOWS = 20;

/** Some samples of the calibration part, one in a run where the model leaves that open. */
export function trialsOf(model: Model, task: Task, samples: number): Trials {
  const part = representatives(task.splits.calibration, samples);
  const size = batchSizeOf(model, task, 1);
  return {
    kind: 'sample',
    wanted: new Map(headsOf(task).map((name) => [name, FOLLOWS])),
    expose: (each) => exposed(each, task),
    feeds: () => runsOf(task.feeds, part, size),
  };
}
