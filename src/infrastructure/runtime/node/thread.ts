import type { Worker } from 'node:worker_threads';
import type { Reply, Request } from '../shared/protocol.js';
import { BUSY, END, STOP, type WorkerData } from './flags.js';
import { startWorker } from './start.js';

/** How long an exiting process waits for a run under way: a thread inside native code cannot be ended without a crash. Milliseconds. */
const EXIT_WAIT = 60_000;

const alive = new Set<RuntimeThread>();

process.on('exit', () => {
  for (const thread of alive) thread.halt();
  for (const thread of alive) thread.awaitIdle();
});

/** Who is told what a thread says. */
export interface Listener {
  reply(reply: Reply): void;
  /** The thread has failed, or ended where it was not told to. */
  failed(cause: Error | number): void;
}

/** A worker thread with ONNX Runtime in it, which holds one program at a time. */
export class RuntimeThread {
  readonly #worker: Worker;
  readonly #flags = new Int32Array(new SharedArrayBuffer(8));
  readonly #exited: Promise<void>;
  #listener?: Listener;

  constructor() {
    const workerData: WorkerData = { flags: this.#flags };
    this.#worker = startWorker('espalier-node-worker.js', { workerData, execArgv: [], name: 'espalier-program' });
    alive.add(this);
    this.#worker.on('message', (reply: Reply) => this.#listener?.reply(reply));
    this.#worker.on('error', (cause) => this.#listener?.failed(cause));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        alive.delete(this);
        this.#listener?.failed(code);
        resolve();
      });
    });
    this.#worker.unref();
  }

  get isAlive(): boolean {
    return alive.has(this);
  }

  /** Whoever listens now; undefined where nobody does. What was queued for another listener is not answered to this one. */
  listen(listener: Listener | undefined): void {
    this.#listener = listener;
    if (listener) Atomics.store(this.#flags, STOP, 0);
  }

  post(request: Request, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(request, transfer as ArrayBuffer[]);
  }

  /** Whether the process stays alive for it. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#worker.ref();
    else this.#worker.unref();
  }

  /** Nothing queued starts any more, until somebody else listens. */
  halt(): void {
    Atomics.store(this.#flags, STOP, 1);
  }

  /** Blocks until the thread has left native code. */
  awaitIdle(): void {
    const deadline = performance.now() + EXIT_WAIT;
    while (Atomics.load(this.#flags, BUSY) === 1 && performance.now() < deadline) {
      Atomics.wait(this.#flags, BUSY, 1, Math.max(deadline - performance.now(), 0));
    }
  }

  /** Ends the thread after what it does now. */
  async end(): Promise<void> {
    if (!this.isAlive) return;
    this.#listener = undefined;
    this.hold(true);
    this.#worker.postMessage(END);
    await this.#exited;
  }
}

/**
 * Threads of programs that have ended, for the next ones: a thread takes tens of milliseconds to start and some 10 MB. One is kept, because programs that are
 * made one after another need no more.
 */
export class ThreadPool {
  #idle?: RuntimeThread;
  #isClosed = false;

  take(): RuntimeThread {
    const idle = this.#idle;
    this.#idle = undefined;
    return idle?.isAlive ? idle : new RuntimeThread();
  }

  /** @param thread whose program is gone. */
  async giveBack(thread: RuntimeThread): Promise<void> {
    thread.listen(undefined);
    if (this.#idle || this.#isClosed) return thread.end();
    thread.hold(false);
    this.#idle = thread;
  }

  /** Ends the thread that is kept, and those that are given back from now on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const idle = this.#idle;
    this.#idle = undefined;
    await idle?.end();
  }
}
