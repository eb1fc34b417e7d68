// All that computes runs here, so that the page stays fluent. What it is handed never leaves it but to the page.
import { EspalierError, Stopped } from '../../../base/index.js';
import { createInThreadRuntime } from '../../../infrastructure/runtime/web/in-thread/index.js';
import type { Calls, Event, Failure, Reply, Request } from './protocol.js';
import { Work } from './work.js';

/** What is used here of the worker's global scope. */
interface WorkerScope {
  readonly crossOriginIsolated: boolean;
  readonly navigator: { readonly hardwareConcurrency?: number };
  onmessage: ((event: { readonly data: Request }) => void) | null;
  postMessage(message: Reply | Event, transfer?: readonly ArrayBuffer[]): void;
}

/** More hardly help with models that a tab has room for. */
const MOST_THREADS = 4;

const scope = globalThis as unknown as WorkerScope;
const threads = scope.crossOriginIsolated ? Math.min(MOST_THREADS, scope.navigator.hardwareConcurrency ?? 1) : 1;
const work = new Work(createInThreadRuntime({ threads }), threads, (event) => scope.postMessage(event));
let controller = new AbortController();
let queue: Promise<unknown> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if ('stop' in data) {
    controller.abort();
    controller = new AbortController();
    return;
  }
  const { signal } = controller;
  queue = queue.then(async () => {
    const reply = await answer(data, signal);
    scope.postMessage(reply, buffersOf(reply));
  });
};

async function answer({ id, call, ask }: Exclude<Request, { stop: true }>, signal: AbortSignal): Promise<Reply> {
  try {
    const method = work[call] as (ask: unknown, signal: AbortSignal) => Promise<Calls[typeof call]['answer']>;
    return { id, value: await method.call(work, ask, signal) };
  } catch (cause) {
    return { id, failure: failureOf(cause) };
  }
}

function failureOf(cause: unknown): Failure {
  if (cause instanceof EspalierError) return { text: cause.message, isStop: cause instanceof Stopped };
  return { text: `Something went wrong that should not: ${cause instanceof Error ? cause.message : String(cause)}`, isStop: false };
}

/** A model's file moves to the page instead of being copied. */
function buffersOf(reply: Reply): ArrayBuffer[] {
  return 'value' in reply && 'file' in reply.value ? [reply.value.file.buffer] : [];
}
