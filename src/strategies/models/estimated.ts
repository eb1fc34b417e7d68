import { batchAxesOf, estimateOn, footprint, type HardwareModel, type Serving, withRates } from '../../infrastructure/hardware/index.js';
import type { Model } from '../../onnx/index.js';
import type { LatencyInfo, ServingInfo } from '../results/info.js';
import { type Feeds, type HostServices, samplesIn, shapesOf } from './host.js';

/** Requests at a time that are estimated unless said otherwise. */
const BATCHES = [1, 2, 4, 8, 16];

/** A host whose latency and serving are not measured, but estimated for hardware that is not at hand. The rest is measured as before. */
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
    serving: async (_, model, feeds, concurrent = BATCHES) => concurrent.flatMap((number) => served(hardware, model, feeds, number) ?? []),
  };
}

function millisecondsOn(hardware: HardwareModel, model: Model, feeds: Feeds): number {
  return estimateOn(footprint(model, { bytes: 0, inputShapes: shapesOf(model, feeds) }), hardware).milliseconds;
}

/** Requests of one moment as one batch; undefined where the model takes no such batch, or there is no memory for it. */
function served(hardware: HardwareModel, model: Model, feeds: Feeds, concurrent: number): ServingInfo | undefined {
  const inputShapes = batched(model, feeds, concurrent);
  if (!inputShapes) return undefined;
  const counted = footprint(model, { bytes: 0, inputShapes });
  const { milliseconds, millijoules, memory } = estimateOn(counted, hardware);
  if (concurrent > 1 && memory?.fits === false) return undefined;
  const samples = concurrent * samplesIn(feeds);
  const serving: Serving = {
    ...{ concurrent, throughput: (1000 * samples) / milliseconds, p50: milliseconds, p95: milliseconds },
    memory: memory?.needed ?? counted.memory.total + counted.weightBytes,
    ...(millijoules !== undefined && { joules: millijoules / 1000 / samples }),
  };
  return { ...withRates(serving, {}), estimatedFor: hardware.title };
}

/** The shapes of inputs with so many times as many samples; undefined where a size does not let it. */
function batched(model: Model, feeds: Feeds, times: number): Record<string, readonly number[]> | undefined {
  const shapes = shapesOf(model, feeds);
  if (times === 1) return shapes;
  const inputs = model.graph.feeds.filter(({ name }) => Object.hasOwn(shapes, name));
  const axes = batchAxesOf(inputs);
  if (!axes) return undefined;
  const found: Record<string, readonly number[]> = {};
  for (const { name, shape } of inputs) {
    const axis = axes.get(name) ?? null;
    if (axis !== null && typeof shape?.[axis] === 'number') return undefined;
    found[name] = shapes[name].map((size, place) => (place === axis ? size * times : size));
  }
  return found;
}
