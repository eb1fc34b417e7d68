import type { Worker } from 'node:worker_threads';
import { ResourceError, RuntimeError } from '../../../base/index.js';
import { type Link, PendingCalls } from '../shared/link.js';
import type { CallName, Calls, Reply } from '../shared/protocol.js';
import { BUSY, STOP, type WorkerData } from './flags.js';
import { startWorker } from './start.js';

/** How long an exiting process waits for a run under way: a thread inside native code cannot be ended without a crash. Milliseconds. */
const EXIT_WAIT = 60_000;

const alive = new Set<ThreadLink>();

process.on('exit', () => {
  for (const link of alive) link.halt();
  for (const link of alive) link.awaitIdle();
});

/** A worker thread that answers calls in order. It keeps the process alive only while an answer is awaited. */
export class ThreadLink implements Link {
  readonly #worker: Worker;
  readonly #flags = new Int32Array(new SharedArrayBuffer(8));
  readonly #pending: PendingCalls;
  readonly #exited: Promise<void>;

  /** @param source the model's file, for messages. */
  constructor(source?: string) {
    this.#pending = new PendingCalls(source);
    const workerData: WorkerData = { flags: this.#flags };
    this.#worker = startWorker('espalier-node-worker.js', { workerData, execArgv: [], name: 'espalier-program' });
    alive.add(this);
    this.#worker.on('message', (reply: Reply) => {
      if (this.#pending.receive(reply) && this.#pending.size === 0) this.#worker.unref();
    });
    this.#worker.on('error', (cause) => {
      // Too large a model is the model's fault; any other death is not.
      const Kind = (cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? RuntimeError : ResourceError;
      this.#pending.end(new Kind({ what: `The runtime's thread failed (${cause.message})` }, { cause }));
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        alive.delete(this);
        this.#pending.end(new ResourceError({ what: `The runtime's thread ended unexpectedly with code ${code}` }));
        resolve();
      });
    });
    this.#worker.unref();
  }

  call<K extends CallName>(call: K, ask: Calls[K]['ask'], transfer: readonly ArrayBuffer[] = []): Promise<Calls[K]['answer']> {
    if (this.#pending.ended) return Promise.reject(this.#pending.ended);
    const id = this.#pending.number();
    this.#worker.postMessage({ id, call, ...ask }, transfer as ArrayBuffer[]);
    if (this.#pending.size === 0) this.#worker.ref();
    return this.#pending.answerTo(id);
  }

  /** The run under way ends first, and the session is released: see EXIT_WAIT. */
  async close(later: Error, pending = later): Promise<void> {
    if (!this.#pending.ended) {
      this.halt();
      this.#pending.end(later, pending);
      this.#worker.postMessage({ id: this.#pending.number(), call: 'dispose' });
    }
    if (alive.has(this)) this.#worker.ref();
    await this.#exited;
  }

  /** Nothing queued starts any more. */
  halt(): void {
    Atomics.store(this.#flags, STOP, 1);
  }

  /** Blocks until the worker has left native code. */
  awaitIdle(): void {
    const deadline = performance.now() + EXIT_WAIT;
    while (Atomics.load(this.#flags, BUSY) === 1 && performance.now() < deadline) {
      Atomics.wait(this.#flags, BUSY, 1, Math.max(deadline - performance.now(), 0));
    }
  }
}
