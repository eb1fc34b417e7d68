import { Worker } from 'node:worker_threads';
import { ResourceError, RuntimeError, Stopped } from '../../../base/index.js';
import { BUSY, type CallName, type Calls, type Reply, STOP, type WorkerData } from './protocol.js';
import { runtimeError } from './words.js';

/** How long an exiting process waits for a run under way: a thread inside native code cannot be ended without a crash. Milliseconds. */
const EXIT_WAIT = 60_000;

const alive = new Set<Link>();

process.on('exit', () => {
  for (const link of alive) link.halt();
  for (const link of alive) link.awaitIdle();
});

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** A worker thread that answers calls in order. It keeps the process alive only while an answer is awaited. */
export class Link {
  readonly #worker: Worker;
  readonly #flags = new Int32Array(new SharedArrayBuffer(8));
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  readonly #source: string | undefined;
  #ended?: Error;
  #count = 0;

  /** @param source the model's file, for messages. */
  constructor(source?: string) {
    this.#source = source;
    const workerData: WorkerData = { flags: this.#flags };
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData, execArgv: [], name: 'espalier-program' });
    alive.add(this);
    this.#worker.on('message', (reply: Reply) => this.#receive(reply));
    this.#worker.on('error', (cause) => {
      // Too large a model is the model's fault; any other death is not.
      const Kind = (cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? RuntimeError : ResourceError;
      this.#end(new Kind({ what: `The runtime's thread failed (${cause.message})` }, { cause }));
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        alive.delete(this);
        this.#end(new ResourceError({ what: `The runtime's thread ended unexpectedly with code ${code}` }));
        resolve();
      });
    });
    this.#worker.unref();
  }

  /** Asks the worker; the buffers in `transfer` move there. */
  call<K extends CallName>(call: K, ask: Calls[K]['ask'], transfer: readonly ArrayBuffer[] = []): Promise<Calls[K]['answer']> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = ++this.#count;
    this.#worker.postMessage({ id, call, ...ask }, transfer as ArrayBuffer[]);
    if (this.#pending.size === 0) this.#worker.ref();
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ('value' in reply) pending.resolve(reply.value as never);
    else if ('failure' in reply) pending.reject(runtimeError(reply.failure, this.#source));
    else pending.reject(new Stopped('The program was stopped before this run'));
  }

  /** From now on calls reject with `later`; those that are awaited reject with `pending`. */
  #end(later: Error, pending = later): void {
    this.#ended ??= later;
    for (const { reject } of this.#pending.values()) reject(pending);
    this.#pending.clear();
  }

  /** Rejects everything that is awaited, lets the run under way end, releases the session and ends the thread. */
  async close(later: Error, pending = later): Promise<void> {
    if (!this.#ended) {
      this.halt();
      this.#end(later, pending);
      this.#worker.postMessage({ id: ++this.#count, call: 'dispose' });
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
