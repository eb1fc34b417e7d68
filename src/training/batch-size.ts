import { EspalierError } from '../base/index.js';
import { type Footprint, footprint } from '../infrastructure/hardware/index.js';
import type { Dim, Model, Tensor } from '../onnx/index.js';
import { axesOf, type Feed, feedsOf } from './feeds.js';
import type { Task } from './tasks/task.js';

/** Bytes of activations that live at one time in a run whose batch size nobody chose. What runs faster in larger batches is smaller than this. */
const MOST_BYTES = 2 ** 22;

/** The fixed number of samples of the model's inputs, or what was wished where it is open. */
export function batchSizeOf(model: Model, task: Pick<Task, 'feeds'>, wished: number): number {
  return fixedSize(model, task.feeds) ?? wished;
}

function fixedSize({ graph }: Model, feeds: readonly Feed[]): number | undefined {
  const axes = axesOf(feeds);
  const dims = graph.inputs.map(({ name, shape }) => shape?.[axes.get(name) ?? Number.NaN] as Dim | undefined);
  const fixed = dims.filter((dim) => typeof dim === 'number');
  return fixed.length > 0 ? Math.min(...(fixed as number[])) : undefined;
}

/**
 * Samples a run: the fixed batch size of the model's inputs, or at most `wished`, fewer the more memory a sample's activations take, so that memory depends
 * neither on how many samples there are nor on how large they are.
 * @param split whose first sample's shape stands for all.
 */
export async function affordableBatch(
  model: Model,
  { feeds, splits }: Pick<Task, 'feeds' | 'splits'>,
  { wished, split }: { wished: number; split: keyof Task['splits'] },
): Promise<number> {
  const fixed = fixedSize(model, feeds);
  if (fixed !== undefined || wished <= 1) return fixed ?? wished;
  const bytes = (await costOfRun(model, { feeds, splits }, split))?.memory.total ?? 0;
  return Math.max(1, Math.min(wished, Math.floor(MOST_BYTES / Math.max(1, bytes))));
}

/** What a run costs. */
export type RunCost = Pick<Footprint, 'macs' | 'activationBytes' | 'memory'>;

/**
 * What the smallest run that a model takes costs, of one sample where its batch size is open, with the shapes that the data has. Undefined for inputs that
 * contradict the model: the runtime says best what is wrong with them.
 * @param split whose first sample's shape stands for all.
 */
export async function costOfRun(
  model: Model,
  { feeds, splits }: Pick<Task, 'feeds' | 'splits'>,
  split: keyof Task['splits'],
): Promise<RunCost | undefined> {
  return costOfFeeds(model, feedsOf(feeds, await splits[split].read(new Int32Array(fixedSize(model, feeds) ?? 1))));
}

/** What a run with these inputs costs. Undefined for inputs that contradict the model. */
export function costOfFeeds(model: Model, feeds: Readonly<Record<string, Tensor>>): RunCost | undefined {
  const shapes = Object.entries(feeds).map(([name, tensor]) => [name, tensor.shape] as const);
  try {
    return footprint(model, { bytes: 0, inputShapes: Object.fromEntries(shapes) });
  } catch (error) {
    if (error instanceof EspalierError) return undefined;
    throw error;
  }
}
