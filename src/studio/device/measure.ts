import { type Activity, Stopped } from '../../base/index.js';
import { quantile } from '../../infrastructure/hardware/index.js';
import type { Backend, Program, Runtime, Tensors } from '../../infrastructure/runtime/index.js';
import { type Agreement, agreementOf } from '../../infrastructure/targets/index.js';
import { copiesOf } from '../../onnx/index.js';
import type { DeviceJob, DeviceMeasurement } from '../api/index.js';
import { tensorsOf } from './tensors.js';

export interface Measuring extends Activity {
  readonly job: Pick<DeviceJob, 'feeds' | 'expected' | 'tolerance' | 'runs'>;
  readonly model: Uint8Array;
  readonly runtime: Runtime;
  readonly backend: DeviceMeasurement['backend'];
  /** What the runtime calls it. Default: as the measurement does. */
  readonly runsOn?: Backend;
  readonly threads: number;
}

/** Calls before those that are timed, and calls at a time. */
const WARM = 2;
const TOGETHER = 5;
/** Milliseconds after which no more calls are timed, and calls that are timed at least. */
const LONGEST = 45_000;
const FEWEST = 5;
/** Characters of what went wrong. */
const LONGEST_ERROR = 2000;

/**
 * Runs a model by one backend: its first answer and the one after all timed calls are compared with what is expected, since a driver may answer wrongly without
 * a word. What goes wrong is a measurement, too: 'fails'.
 * @throws Stopped when aborted.
 */
export async function measureBackend(measuring: Measuring): Promise<DeviceMeasurement> {
  const { backend, threads, signal } = measuring;
  try {
    return { backend, threads, ...(await measured(measuring)) };
  } catch (error) {
    if (error instanceof Stopped || signal?.aborted) throw new Stopped('The measurement was stopped', { cause: error });
    const text = error instanceof Error ? error.message : String(error);
    return { backend, threads, status: 'fails', error: text.slice(0, LONGEST_ERROR) };
  }
}

async function measured(measuring: Measuring): Promise<Omit<DeviceMeasurement, 'backend' | 'threads'>> {
  const { job, model, runtime, backend, runsOn = backend, threads, signal } = measuring;
  const feeds = tensorsOf(job.feeds);
  const expected = tensorsOf(job.expected);
  const wanted = Object.keys(expected);
  const start = performance.now();
  const program = await runtime.compile(model, { backend: runsOn, threads, signal });
  try {
    const run = () => program.run(copiesOf(feeds), wanted);
    const first = await run();
    const load = performance.now() - start;
    const times = await timed(program, feeds, measuring);
    // What WebGPU takes of the graphics card nobody tells.
    const memory = backend === 'wasm' ? await program.memory() : undefined;
    const worst = worse(agreementOf(expected, first, job.tolerance), agreementOf(expected, await run(), job.tolerance));
    return {
      load,
      p50: quantile(times, 0.5),
      p95: quantile(times, 0.95),
      ...(memory !== undefined && { memory }),
      ...judgement(worst),
    };
  } finally {
    await program.dispose();
  }
}

/** Milliseconds of each call. */
async function timed(program: Program, feeds: Tensors, { job: { runs }, onProgress, signal }: Measuring): Promise<number[]> {
  const times: number[] = [];
  const start = performance.now();
  await program.time(copiesOf(feeds), WARM);
  while (times.length < runs && (times.length < FEWEST || performance.now() - start < LONGEST)) {
    if (signal?.aborted) throw new Stopped('The measurement was stopped');
    const some = await program.time(copiesOf(feeds), Math.min(TOGETHER, runs - times.length));
    times.push(...some.map(({ milliseconds }) => milliseconds));
    onProgress?.({ task: 'time', done: times.length, total: runs });
  }
  return times;
}

function worse(a: Agreement, b: Agreement): Agreement {
  if (a.status !== b.status) return a.status === 'differs' ? a : b;
  return (a.difference ?? Number.POSITIVE_INFINITY) > (b.difference ?? Number.POSITIVE_INFINITY) ? a : b;
}

/** An infinite difference is none that JSON has. */
function judgement({ status, difference, detail }: Agreement): Pick<DeviceMeasurement, 'status' | 'difference' | 'error'> {
  return {
    status,
    ...(difference !== undefined && Number.isFinite(difference) && { difference }),
    ...(status === 'differs' && detail !== undefined && { error: detail.slice(0, LONGEST_ERROR) }),
  };
}
