import type { Worker } from 'node:worker_threads';
import { OptionError, Stopped } from '../../../base/index.js';
import type { Tensor } from '../../../onnx/index.js';
import { type Agreement, agreementOf } from '../../targets/agreement.js';
import { ortWebWasm } from '../../targets/ort-web-wasm/facts.js';
import type { Tensors } from '../contract.js';
import { pack, unpack } from '../shared/tensors.js';
import { readWords } from '../shared/words.js';
import type { WebReply, WebRequest } from './espalier-web-check-worker.js';
import { createNodeRuntime } from './runtime.js';
import { startWorker } from './start.js';

export interface WebCheckOptions {
  /** Largest difference that still agrees, relative to the largest magnitude in the output. Default: the target's own, 0.001. */
  tolerance?: number;
  /** Outputs to compare. Default: all. */
  fetch?: readonly string[];
  signal?: AbortSignal;
}

/** Whether a model does in onnxruntime-web what it does in onnxruntime-node. */
export interface WebCheck extends Omit<Agreement, 'status'> {
  /** 'fails' where it does not load or run there; 'not checked' where onnxruntime-web is not installed. */
  readonly status: Agreement['status'] | 'fails' | 'not checked';
}

/** What onnxruntime-web gave; `failure` in its own words. */
export type WebRun =
  | { readonly outputs: Record<string, Tensor>; readonly milliseconds: readonly number[] }
  | { readonly failure: string }
  | { readonly absent: true };

/**
 * Runs a model in onnxruntime-web's WebAssembly, on one thread. The feeds are copied.
 * @param fetch outputs wanted.
 * @param options.runs further runs, which are timed. Default 0.
 */
export async function runOnWeb(
  model: Uint8Array,
  feeds: Tensors,
  fetch: readonly string[],
  { runs = 0, signal }: { runs?: number; signal?: AbortSignal } = {},
): Promise<WebRun> {
  const reply = await ask({ model, feeds: pack(feeds, false).tensors, fetch, runs }, signal);
  if ('absent' in reply) return reply;
  if ('failure' in reply) return { failure: readWords(reply.failure).said };
  return { outputs: unpack(reply.outputs), milliseconds: reply.milliseconds };
}

/**
 * Runs a model in onnxruntime-web's WebAssembly (one thread) and in onnxruntime-node on the same feeds, and compares. The feeds are copied.
 * @throws RuntimeError where the model does not run in onnxruntime-node; Stopped when aborted.
 */
export async function checkOnWeb(model: Uint8Array, feeds: Tensors, options: WebCheckOptions = {}): Promise<WebCheck> {
  const { tolerance = ortWebWasm.tolerance, signal } = options;
  if (!(tolerance >= 0))
    throw new OptionError({ what: 'Bad tolerance', where: 'tolerance', expected: 'zero or more', got: String(tolerance) });
  const native = createNodeRuntime({ threads: 1 });
  try {
    const program = await native.compile(model, { signal });
    const fetch = options.fetch ?? program.outputs;
    const expected = await program.run(unpack(pack(feeds, false).tensors), fetch);
    const reply = await runOnWeb(model, feeds, fetch, { signal });
    if ('absent' in reply) return { status: 'not checked', detail: 'onnxruntime-web is not installed' };
    if ('failure' in reply) return { status: 'fails', detail: `onnxruntime-web: ${reply.failure}` };
    return agreementOf(expected, reply.outputs, tolerance);
  } finally {
    await native.dispose();
  }
}

async function ask(request: WebRequest, signal: AbortSignal | undefined): Promise<WebReply> {
  const stopped = () => new Stopped('Stopped by the caller', { cause: signal?.reason });
  if (signal?.aborted) throw stopped();
  const worker = rested() ?? startWorker('espalier-web-check-worker.js', { execArgv: [], name: 'espalier-web' });
  const end = new AbortController();
  const heard = new Promise<WebReply>((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(stopped()), { signal: end.signal });
    worker.once('message', resolve);
    worker.once('error', (cause) => resolve({ failure: cause.message }));
    worker.once('exit', (code) => resolve({ failure: `its thread ended with code ${code}` }));
    worker.postMessage(request);
  });
  let isSound = false;
  try {
    const reply = await heard;
    isSound = 'outputs' in reply && request.model.byteLength <= SMALL;
    return reply;
  } finally {
    end.abort();
    silence(worker);
    if (isSound && !resting) rest(worker);
    else await worker.terminate();
  }
}

/** Milliseconds for which a thread is kept that did well: to compile WebAssembly takes longer than most checks. */
const RESTS = 5_000;
/** Bytes of a model after which it is not: its memory never becomes smaller. */
const SMALL = 1e7;

let resting: { readonly worker: Worker; readonly end: NodeJS.Timeout } | undefined;

/** Keeps a thread for a while, unless the process has nothing else to do. */
function rest(worker: Worker): void {
  worker.unref();
  const end = setTimeout(() => {
    resting = undefined;
    void worker.terminate();
  }, RESTS);
  end.unref();
  worker.once('exit', () => {
    if (resting?.worker === worker) resting = undefined;
  });
  resting = { worker, end };
}

/** The thread that was kept, if there is one. */
function rested(): Worker | undefined {
  if (!resting) return undefined;
  const { worker, end } = resting;
  resting = undefined;
  clearTimeout(end);
  silence(worker);
  worker.ref();
  return worker;
}

/** Nobody listens to a thread any more. What Node itself listens to goes on. */
function silence(worker: Worker): void {
  for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
}
