import type { Runtime } from '../../../infrastructure/runtime/index.js';
import type { DeviceJob, DeviceMeasurement } from '../../api/index.js';
import { measureBackend, smallestModel } from '../../device/index.js';
import { backendName } from '../../view/index.js';
import { type DeviceClient, Unanswered } from './client.js';
import type { Here } from './here.js';
import type { Kept } from './kept.js';

/** A backend, with so many threads. */
type Way = Pick<DeviceMeasurement, 'backend' | 'threads'>;

export interface JobOptions {
  readonly client: DeviceClient;
  readonly here: Here;
  readonly kept: Kept;
  /** Loaded with the first job. */
  readonly runtime: () => Promise<Runtime>;
  /** Told which way is under way, and how many calls are timed. */
  readonly onDoing: (doing: string, done?: number, total?: number) => void;
}

/** Runs a job's model in every way that this browser has. @throws Unanswered where the connection is lost meanwhile: what fails then is no fault of the model's. */
export async function measureJob(
  job: DeviceJob,
  model: Uint8Array,
  options: JobOptions,
  signal: AbortSignal,
): Promise<DeviceMeasurement[]> {
  const { here, kept } = options;
  const ways: Way[] = here.threads.map((threads) => ({ backend: 'wasm', threads }));
  if (here.hello.webgpu) ways.push({ backend: 'webgpu', threads: 1 });
  const left = kept.attempt;
  const backends: DeviceMeasurement[] = [];
  for (const way of ways) {
    const name = `${way.backend} ${way.threads}`;
    const tookThePage = left?.run === job.run && left.model === job.model && left.backend === name;
    if (tookThePage) backends.push({ ...way, status: 'fails', error: 'The page ended while it ran this.' });
    else backends.push(await measureWay(job, model, way, options, signal));
  }
  kept.attempt = undefined;
  return backends;
}

async function measureWay(
  job: DeviceJob,
  model: Uint8Array,
  way: Way,
  options: JobOptions,
  signal: AbortSignal,
): Promise<DeviceMeasurement> {
  const { client, kept, onDoing } = options;
  const doing = backendName(way);
  onDoing(doing);
  const runtime = await options.runtime();
  await warm(runtime, way, signal);
  kept.attempt = { run: job.run, model: job.model, backend: `${way.backend} ${way.threads}` };
  const onProgress = ({ done, total }: { done: number; total?: number }) => onDoing(doing, done, total);
  // Whatever comes of it, the page is still there.
  const made = await measureBackend({ job, model, runtime, ...way, signal, onProgress }).finally(() => {
    kept.attempt = undefined;
  });
  // A runtime that could not be fetched fails, too.
  if (made.status === 'fails' && !(await client.answers(signal))) throw new Unanswered(0, made.error ?? 'ONNX Runtime did not load.');
  return made;
}

/** What is loaded with the first model counts for none. Where it does not load, the model's own run says so. */
async function warm(runtime: Runtime, { backend, threads }: Way, signal: AbortSignal): Promise<void> {
  await runtime.compile(smallestModel(), { backend, threads, signal }).then(
    (program) => program.dispose(),
    () => undefined,
  );
}
