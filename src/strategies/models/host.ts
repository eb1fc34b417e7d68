import type { Model, Tensor } from '../../onnx/index.js';
import type { LatencyInfo, ModelInfo, RunInfo, ServingInfo } from '../results/info.js';

/** Inputs of one run; they are copied. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Samples of one run: the largest first dimension. */
export function samplesIn(feeds: Feeds): number {
  return Math.max(1, ...Object.values(feeds).map(({ shape }) => shape[0] ?? 1));
}

/** Shapes of those of the inputs that a model has. */
export function shapesOf(model: Model, feeds: Feeds): Record<string, readonly number[]> {
  const names = new Set(model.graph.feeds.map(({ name }) => name));
  const known = Object.entries(feeds).filter(([name]) => names.has(name));
  return Object.fromEntries(known.map(([name, { shape }]) => [name, shape]));
}

/** What a model was made of. */
export interface Original {
  model: Model;
  feeds: Feeds;
  /** Outputs that a metric judges by the data's targets. */
  judged: readonly string[];
}

/** Which model is timed. */
export interface Timed {
  /** In its run. */
  readonly id: string;
  readonly signal?: AbortSignal;
}

/** Measurements that only the host of the runtime can make. */
export interface HostServices {
  /** Latency on these inputs, and the ratio to the baseline measured in turns with it. */
  latency(model: Model, baseline: Model | undefined, feeds: Feeds, timed: Timed): Promise<LatencyInfo>;
  /**
   * Requests on these inputs side by side, so many at a time as each number says; numbers for which there is no room are left out.
   * @param concurrent default: 1, 2, 4, … up to what this host can do at once.
   */
  serving(file: string, model: Model, feeds: Feeds, concurrent?: readonly number[]): Promise<ServingInfo[]>;
  /** Bytes that a download of the model's file transfers. */
  downloadBytes(file: string): Promise<number>;
  /**
   * Whether the file loads in each runtime at hand, follows the original there as far as nothing else judges it, and gives the same answers in all of them.
   * @param original what the model was made of, with the same inputs as it takes them, and the outputs that the task's metric judges. Default: the model
   *   is the original.
   */
  check(file: string, model: Model, feeds: Feeds, original?: Original): Promise<NonNullable<ModelInfo['checks']>>;
  machine(): RunInfo['machine'];
}
