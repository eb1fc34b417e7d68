import { type Activity, nested } from '../../base/index.js';
import type { DataSource } from '../../data/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { encodeModel } from '../../onnx/index.js';
import { answersOf, judge, train } from '../../training/index.js';
import type { OpenedModel } from './open-model.js';
import { type CurvePoint, type Made, nameOfMade, qualityRows } from './results.js';
import { setUpByTargets } from './set-up.js';

/** How far a training is. */
export interface TuneProgress {
  done: number;
  total: number;
  epoch: number;
  /** Mean of the epoch so far. */
  loss: number;
  secondsLeft?: number;
}

export interface TuneRequest extends Activity {
  readonly opened: OpenedModel;
  readonly source: DataSource;
  readonly runtime: Runtime;
  readonly epochs: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly onStep: (progress: TuneProgress) => void;
  readonly onEpoch: (point: CurvePoint) => void;
}

/**
 * Trains a model on data with targets for a few epochs, keeps the best of them by the validation part, and compares both on the test part.
 * @throws DataError where the data has no targets that are the model's answers; UnsupportedError for a model that cannot be trained; Stopped.
 */
export async function tuneModel(request: TuneRequest): Promise<Made> {
  const { opened, source, runtime, epochs, learningRate, batchSize, seed, onStep, onEpoch, signal, onProgress, onMessage } = request;
  const { model, name } = opened;
  const { task, remarks } = await setUpByTargets({ model, source, runtime, seed, signal, onProgress, onMessage });
  const original = await answersOf(model, task, runtime, { split: 'test', signal, ...nested({ onProgress }, 'before') });
  const curve: CurvePoint[] = [];
  const trained = await train({
    ...{ model, task, runtime, signal, onMessage },
    options: { epochs, learningRate, batchSize, seed, keepBest: true },
    onProgress: ({ task: what, done, total = 0, facts: { epoch, loss } = {}, secondsLeft, epoch: ended }) => {
      if (what !== 'train' || ended || typeof epoch !== 'number' || typeof loss !== 'number') return;
      onStep({ done, total, epoch, loss, ...(secondsLeft !== undefined && { secondsLeft }) });
    },
    onEpoch: ({ epoch, loss, quality }) => {
      const point = { epoch, loss, ...(quality !== undefined && { quality }) };
      curve.push(point);
      onEpoch(point);
    },
  });
  const answers = await answersOf(trained.model, task, runtime, { split: 'test', signal, ...nested({ onProgress }, 'after') });
  const file = encodeModel(trained.model);
  return {
    name: nameOfMade(name, 'tuned'),
    file: file as Uint8Array<ArrayBuffer>,
    before: opened.bytes,
    after: file.length,
    rows: qualityRows(judge(task, original), judge(task, answers)),
    measuredOn: `${answers.size} samples of the test part`,
    remarks: [...remarks],
    curve,
  };
}
