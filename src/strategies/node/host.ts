import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { compareLatency, downloadBytes, measureLatency } from '../../infrastructure/hardware/node/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { checkOnWeb } from '../../infrastructure/runtime/node/index.js';
import { isFloat } from '../../onnx/index.js';
import type { HostServices } from '../candidates.js';
import type { LatencyInfo } from '../info.js';

/** Measures on this machine: latency through the given runtime, download sizes by Brotli, and agreement with onnxruntime-web. */
export function nodeHost(runtime: Runtime, folder: string, options: { threads?: number; signal?: AbortSignal } = {}): HostServices {
  const { threads = availableParallelism(), signal } = options;
  return {
    latency: async (model, baseline, feeds): Promise<LatencyInfo> => {
      const settings = {
        threads,
        signal,
        feeds,
        batch: Math.max(1, ...Object.values(feeds).map(({ shape }) => shape[0] ?? 1)),
        minSeconds: 0.5,
      };
      const { p50, p95, p99, batch, backend, throughput } = await measureLatency(runtime, model, settings);
      const compared = baseline && (await compareLatency(runtime, [baseline, model], settings));
      return { p50, p95, p99, batch, threads, backend, throughput, ratioToBaseline: compared?.[1].ratio };
    },
    downloadBytes: async (file) => downloadBytes(await readFile(join(folder, file)), { signal }),
    check: async (file, model, feeds) => {
      const { outputs } = model.graph;
      const numbers = outputs.filter((output) => isFloat(output.dtype));
      // A model that gives labels alone is compared by these.
      const fetch = (numbers.length > 0 ? numbers : outputs).map((output) => output.name);
      const { status, detail, difference } = await checkOnWeb(await readFile(join(folder, file)), feeds, { signal, fetch });
      const shown = difference === undefined ? detail : `largest difference ${difference.toExponential(1)} of the largest output`;
      return [
        { runtime: 'onnxruntime-node', status: 'agrees' as const },
        { runtime: 'onnxruntime-web', status, detail: shown },
      ];
    },
    machine: () => ({
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
    }),
  };
}
