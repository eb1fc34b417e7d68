import type { Activity } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import { copyModel, type Model } from '../../../onnx/index.js';
import { inferShapes } from '../../../ops/index.js';
import type { TechniqueContext } from '../../../technique/index.js';
import type { Task } from '../../../training/index.js';
import { channelStatistics } from '../calibration/channel-statistics.js';
import { measuredAxes, migrate } from './migrate.js';

export interface EvenedRequest extends Pick<Activity, 'signal'> {
  model: Model;
  task: Pick<Task, 'feeds' | 'splits'>;
  runtime: Runtime;
  threads?: number;
}

export interface Evened {
  /** The same function. */
  model: Model;
  /** A sentence on what was done. */
  remark: string;
}

/** How many times as large as the middle one the largest channel must be somewhere. In trained networks it is up to twice or three times. */
const WILD = 8;
const SAMPLES = 128;

/**
 * A copy of a model whose channels differ wildly in scale, with these scales moved between its layers and normalizations until channels are alike. It computes
 * the same; but what looks at the size of weights, shares a step among them, or trains them with one learning rate, does well on it, and badly on the given one.
 * @returns undefined where channels are alike already, or too few samples are there to tell.
 */
export async function evened({ model: source, ...context }: EvenedRequest): Promise<Evened | undefined> {
  if (context.task.splits.calibration.size === 0) return undefined;
  const model = copyModel(source);
  inferShapes(model);
  const statistics = await channelStatistics({ ...context, model, axes: measuredAxes(model, 'even'), samples: SAMPLES });
  if (![...statistics.values()].some(({ largest }) => isWild(largest))) return undefined;
  const found = migrate(model, 'even', statistics, true);
  return found && { model: found.model, remark: `Scales were equalized across layers, in ${found.places} place(s).` };
}

/** The context of a technique with its model evened out, where it has data, and what is to be said of that. */
export async function withEvenScales<Context extends TechniqueContext>(context: Context): Promise<{ context: Context; remarks: string[] }> {
  const { model, task, runtime, threads, signal } = context;
  const even = task && (await evened({ model, task, runtime, threads, signal }));
  return even ? { context: { ...context, model: even.model }, remarks: [even.remark] } : { context, remarks: [] };
}

function isWild(largest: Float32Array): boolean {
  const alive = largest.filter((size) => size > 0).sort();
  return alive.length > 0 && alive[alive.length - 1] > WILD * alive[alive.length >> 1];
}
