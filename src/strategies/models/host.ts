import type { Model, Tensor } from '../../onnx/index.js';
import type { LatencyInfo, ModelInfo, RunInfo } from '../results/info.js';

/** Inputs of one run; they are copied. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Samples of one run: the largest first dimension. */
export function samplesIn(feeds: Feeds): number {
  return Math.max(1, ...Object.values(feeds).map(({ shape }) => shape[0] ?? 1));
}

/** What a model was made of. */
export interface Original {
  model: Model;
  feeds: Feeds;
  /** Outputs that a metric judges by the data's targets. */
  judged: readonly string[];
}

/** Measurements that only the host of the runtime can make. */
export interface HostServices {
  /** Latency on these inputs, and the ratio to the baseline measured in turns with it. */
  latency(model: Model, baseline: Model | undefined, feeds: Feeds): Promise<LatencyInfo>;
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
