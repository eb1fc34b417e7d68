import { OptionError, Stopped } from '../../../base/index.js';
import type { Tensor } from '../../../onnx/index.js';
import type { Tensors } from '../contract.js';
import { pack, unpack } from '../shared/tensors.js';
import { readWords } from '../shared/words.js';
import type { WebReply, WebRequest } from './espalier-web-check-worker.js';
import { createNodeRuntime } from './runtime.js';
import { startWorker } from './start.js';

export interface WebCheckOptions {
  /** Largest difference that still agrees, relative to the largest magnitude in the output. Default 0.001. */
  tolerance?: number;
  /** Outputs to compare. Default: all. */
  fetch?: readonly string[];
  signal?: AbortSignal;
}

/** Whether a model does in onnxruntime-web what it does in onnxruntime-node. */
export interface WebCheck {
  /** 'fails' where it does not load or run there; 'not checked' where onnxruntime-web is not installed. */
  readonly status: 'agrees' | 'differs' | 'fails' | 'not checked';
  /** Why, where it does not agree. */
  readonly detail?: string;
  /** Largest difference of an output over the largest magnitude in it. */
  readonly difference?: number;
}

/**
 * Runs a model in onnxruntime-web's WebAssembly (one thread) and in onnxruntime-node on the same feeds, and compares. The feeds are copied.
 * @throws RuntimeError where the model does not run in onnxruntime-node; Stopped when aborted.
 */
export async function checkOnWeb(model: Uint8Array, feeds: Tensors, options: WebCheckOptions = {}): Promise<WebCheck> {
  const { tolerance = 1e-3, signal } = options;
  if (!(tolerance >= 0))
    throw new OptionError({ what: 'Bad tolerance', where: 'tolerance', expected: 'zero or more', got: String(tolerance) });
  const native = createNodeRuntime({ threads: 1 });
  try {
    const program = await native.compile(model, { signal });
    const fetch = options.fetch ?? program.outputs;
    const expected = await program.run(unpack(pack(feeds, false).tensors), fetch);
    const reply = await runOnWeb({ model, feeds: pack(feeds, false).tensors, fetch }, signal);
    if ('absent' in reply) return { status: 'not checked', detail: 'onnxruntime-web is not installed' };
    if ('failure' in reply) return { status: 'fails', detail: `onnxruntime-web: ${readWords(reply.failure).said}` };
    return compare(expected, unpack(reply.outputs), tolerance);
  } finally {
    await native.dispose();
  }
}

function runOnWeb(request: WebRequest, signal: AbortSignal | undefined): Promise<WebReply> {
  const worker = startWorker('espalier-web-check-worker.js', { execArgv: [], name: 'espalier-web' });
  let abort: () => void = () => {};
  return new Promise<WebReply>((resolve, reject) => {
    abort = () => reject(new Stopped('Stopped by the caller', { cause: signal?.reason }));
    worker.once('message', resolve);
    worker.once('error', (cause) => resolve({ failure: cause.message }));
    worker.once('exit', (code) => resolve({ failure: `its thread ended with code ${code}` }));
    signal?.addEventListener('abort', abort, { once: true });
    worker.postMessage(request);
  }).finally(() => {
    signal?.removeEventListener('abort', abort);
    return worker.terminate();
  });
}

function compare(expected: Record<string, Tensor>, got: Record<string, Tensor>, tolerance: number): WebCheck {
  let difference = 0;
  let worst = '';
  for (const [name, want] of Object.entries(expected)) {
    const have = got[name];
    if (want.dtype !== have.dtype || want.shape.join() !== have.shape.join()) {
      return { status: 'differs', detail: `output "${name}" is ${have.dtype} [${have.shape}] instead of ${want.dtype} [${want.shape}]` };
    }
    const distance = want.dtype === 'string' ? textDistance(want, have) : relativeDistance(want, have);
    if (distance > difference) [difference, worst] = [distance, name];
  }
  if (difference <= tolerance) return { status: 'agrees', difference };
  return { status: 'differs', difference, detail: `output "${worst}" is off by ${difference.toPrecision(2)} of its largest magnitude` };
}

/** Largest difference over the largest finite magnitude; infinite where one has NaN or an infinity that the other has not. */
function relativeDistance(want: Tensor, have: Tensor): number {
  const [a, b] = [want.numbers(), have.numbers()];
  let [largest, scale] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) {
      if (Number.isFinite(a[i])) scale = Math.max(scale, Math.abs(a[i]));
      continue;
    }
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(a[i]));
  }
  return largest === 0 ? 0 : scale === 0 ? Number.POSITIVE_INFINITY : largest / scale;
}

function textDistance(want: Tensor, have: Tensor): number {
  const decoder = new TextDecoder();
  const texts = (tensor: Tensor) => tensor.stringBytes().map((bytes) => decoder.decode(bytes));
  const other = texts(have);
  return texts(want).every((text, i) => text === other[i]) ? 0 : Number.POSITIVE_INFINITY;
}
