import { estimateOn, footprint, type HardwareModel } from '../../infrastructure/hardware/index.js';
import type { Model } from '../../onnx/index.js';
import type { LatencyInfo } from '../results/info.js';
import { type Feeds, type HostServices, samplesIn } from './host.js';

/** A host whose latency is not measured, but estimated for hardware that is not at hand. The rest is measured as before. */
export function estimatingHost(host: HostServices, hardware: HardwareModel): HostServices {
  return {
    ...host,
    latency: async (model, baseline, feeds) => {
      const p50 = millisecondsOn(hardware, model, feeds);
      const batch = samplesIn(feeds);
      const before = baseline && millisecondsOn(hardware, baseline, feeds);
      return {
        ...{ p50, p95: p50, p99: p50, batch, threads: 1, backend: hardware.name, throughput: (1000 * batch) / p50 },
        ...(before !== undefined && { ratioToBaseline: p50 / before }),
        estimatedFor: hardware.title,
      } satisfies LatencyInfo;
    },
  };
}

function millisecondsOn(hardware: HardwareModel, model: Model, feeds: Feeds): number {
  const names = new Set(model.graph.feeds.map(({ name }) => name));
  const known = Object.entries(feeds).filter(([name]) => names.has(name));
  const inputShapes = Object.fromEntries(known.map(([name, { shape }]) => [name, shape]));
  return estimateOn(footprint(model, { bytes: 0, inputShapes }), hardware).milliseconds;
}
