import { type PruneOptions, pruneModel } from '../../compression/pruning/index.js';
import { compareLatency } from '../../infrastructure/hardware/node/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';

/** How many fractions are tried. */
const STEPS = 6;
/** How near the ratio of latencies has to come. */
const NEAR = 0.03;

/**
 * The fraction of multiply-accumulates to keep for a fraction of the latency on this machine: found by pruning without tuning and timing the
 * result beside the original, for the time of a run does not depend on what the weights are.
 * @returns the fraction, and the ratio of latencies that was measured with it: the nearest to the one wanted.
 */
export async function keepForLatency(
  runtime: Runtime,
  model: Model,
  wanted: number,
  { threads, structure }: { threads?: number; structure?: PruneOptions['structure'] },
): Promise<{ keep: number; ratio: number }> {
  const finer = structure?.filter((each) => each !== 'blocks');
  let [low, high] = [0.02, 1];
  let best = { keep: wanted, ratio: Number.POSITIVE_INFINITY };
  for (let step = 0; step < STEPS; step++) {
    const keep = step === 0 ? Math.min(0.95, Math.max(0.05, wanted)) : (low + high) / 2;
    const { model: small } = await pruneModel(model, { keep, structure: finer?.length ? finer : undefined });
    const [, { ratio }] = await compareLatency(runtime, [model, small], { threads, maxSeconds: 10 });
    if (Math.abs(ratio - wanted) < Math.abs(best.ratio - wanted)) best = { keep, ratio };
    if (Math.abs(ratio - wanted) <= NEAR) break;
    if (ratio > wanted) high = keep;
    else low = keep;
  }
  return best;
}
