import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { inTurn } from '../../automation/node/index.js';
import { attempted } from '../../base/index.js';
import { noiseFaults, noiseText, prove } from '../../diagnosis/index.js';
import { footprint, requestCounts } from '../../infrastructure/hardware/index.js';
import { compareLatency, downloadBytes, measureLatency, measureServingApart } from '../../infrastructure/hardware/node/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { lacking } from '../../infrastructure/targets/index.js';
import { referenceAnswers, type Target, targets } from '../../infrastructure/targets/node/index.js';
import { isFloat, type Model } from '../../onnx/index.js';
import { type Feeds, type HostServices, type Original, samplesIn, shapesOf } from '../models/host.js';
import type { LatencyInfo, RuntimeCheck } from '../results/info.js';

export interface HostOptions {
  threads?: number;
  signal?: AbortSignal;
  /** Where cards say how a model does. Default: all usual targets. */
  checked?: readonly Target[];
  /** Others where they say so, too. */
  also?: readonly Target[];
}

/**
 * Measures on this machine: latency through the given runtime, download sizes by Brotli, and whether targets agree. One thing is timed at a time, whichever of this
 * user's processes asks.
 */
export function nodeHost(runtime: Runtime, folder: string, options: HostOptions = {}): HostServices {
  const { threads = availableParallelism(), signal, checked = targets().filter(({ usual }) => usual), also = [] } = options;
  const alone = <T>(work: () => Promise<T>) => inTurn(join(tmpdir(), `espalier-timing-${userInfo().uid}.lock`), work, signal);
  const times = async (model: Model, baseline: Model | undefined, feeds: Feeds): Promise<LatencyInfo> => {
    const settings = {
      threads,
      signal,
      feeds,
      batch: samplesIn(feeds),
      minSeconds: 0.5,
    };
    const { p50, p95, p99, batch, backend, throughput } = await measureLatency(runtime, model, settings);
    const compared = baseline && (await compareLatency(runtime, [baseline, model], settings));
    const { ratio, interval } = compared?.[1] ?? {};
    return {
      ...{ p50, p95, p99, batch, threads, backend, throughput, ratioToBaseline: ratio },
      ...(interval && { ratioInterval: [interval.low, interval.high] }),
    };
  };
  return {
    latency: (model, baseline, feeds) => alone(() => times(model, baseline, feeds)),
    serving: async (file, model, feeds, concurrent = requestCounts(availableParallelism())) => {
      const options = { batch: samplesIn(feeds), warmup: 1, runs: 2, minSeconds: SERVED_SECONDS };
      const counts = concurrent.filter(roomFor(model, feeds));
      return alone(() => measureServingApart(join(folder, file), { feeds, signal, runtime, options: { ...options, concurrent: counts } }));
    },
    downloadBytes: async (file) => downloadBytes(await readFile(join(folder, file)), { signal }),
    check: async (file, model, feeds, original) => {
      const native = {
        runtime: runtime.name,
        ...(await checkOnNode(join(folder, file), { model, feeds, original, runtime, threads, signal })),
      };
      if (native.status === 'fails') return [native];
      const { outputs } = model.graph;
      const numbers = outputs.filter((output) => isFloat(output.dtype));
      // A model that gives labels alone is compared by these.
      const fetch = (numbers.length > 0 ? numbers : outputs).map((output) => output.name);
      const bytes = await readFile(join(folder, file));
      const others = [...checked, ...also].filter(({ title }) => title !== runtime.name);
      const expected = others.length > 0 ? await referenceAnswers(bytes, feeds, { fetch, signal }) : {};
      const checks: RuntimeCheck[] = [native];
      for (const target of others) {
        const [lack] = lacking(model, target);
        if (lack !== undefined) {
          checks.push({ runtime: target.title, status: 'fails', detail: lack });
          continue;
        }
        const { status, detail, difference } = await target.check({ model: bytes, feeds, expected, signal });
        const why = status === 'agrees' && detail ? `, ${detail}` : '';
        const shown = difference === undefined ? detail : `largest difference ${difference.toExponential(1)} of the largest output${why}`;
        checks.push({ runtime: target.title, status, detail: shown });
      }
      return checks;
    },
    machine: () => ({
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
    }),
  };
}

/** Seconds for which each number of requests is served. */
const SERVED_SECONDS = 0.25;

/** Which numbers of programs half of the memory that is left has room for: runtimes keep weights a second time, in an order that suits their kernels. */
function roomFor(model: Model, feeds: Feeds): (programs: number) => boolean {
  const { weightBytes, memory } = footprint(model, { bytes: 0, inputShapes: shapesOf(model, feeds) });
  const each = 2 * weightBytes + memory.total;
  const room = process.availableMemory() / 2;
  return (programs) => programs === 1 || programs * each <= room;
}

interface NodeCheck {
  model: Model;
  feeds: Feeds;
  original?: Original;
  runtime: Runtime;
  threads: number;
  signal?: AbortSignal;
}

/** Loads and runs a written file, and compares it with what it was made of, as commands that write a model do. */
async function checkOnNode(
  path: string,
  { model, feeds, original, runtime, threads, signal }: NodeCheck,
): Promise<Omit<RuntimeCheck, 'runtime'>> {
  const { model: before, judged, feeds: given } = original ?? { model, judged: [], feeds };
  const samples = async function* () {
    yield { before: given, after: feeds };
  };
  type Found = Omit<RuntimeCheck, 'runtime'>;
  return attempted(
    async (): Promise<Found> => {
      const proof = await prove({ before, after: model, source: { path }, runtime, threads, signal, samples });
      const [fault] = noiseFaults(proof, before, judged);
      const [worst] = proof.outputs;
      if (fault !== undefined) return { status: worst.sqnr === Number.NEGATIVE_INFINITY ? 'fails' : 'differs', detail: fault };
      if (!original || !worst) return { status: 'agrees', ...(proof.remark && { detail: proof.remark }) };
      return { status: 'agrees', detail: `worst output "${worst.output}" beside the original's: ${noiseText(worst)}` };
    },
    ({ message }): Found => ({ status: 'fails', detail: message }),
  );
}
