import type { Model } from '../../onnx/index.js';
import type { LatencyInfo, ModelInfo } from '../results/info.js';
import type { Timed } from './host.js';
import type { Meter } from './meter.js';

/**
 * A model's latency from the ratio to the baseline, taken in turns with it, and the baseline's own, which was timed before the trials: others
 * train meanwhile, and slow both of them alike.
 */
export async function latencyBeside(
  { footprint }: Pick<ModelInfo, 'footprint'>,
  baseline: Model,
  model: Model,
  timed: Timed,
  meter: Pick<Meter, 'latency'>,
): Promise<LatencyInfo> {
  return besideMeasured(footprint.latency, await meter.latency(model, timed, baseline));
}

/** A latency whose median is that of the baseline times the ratio between them, so that one measurement gives both figures. */
export function besideMeasured(baseline: LatencyInfo | undefined, measured: LatencyInfo): LatencyInfo {
  const { ratioToBaseline } = measured;
  if (!baseline || ratioToBaseline === undefined) return measured;
  const factor = (baseline.p50 * ratioToBaseline) / measured.p50;
  const { p50, p95, p99, throughput } = measured;
  return { ...measured, p50: p50 * factor, p95: p95 * factor, p99: p99 * factor, throughput: throughput / factor };
}
