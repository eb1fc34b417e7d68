import { ResourceError, RuntimeError } from '../../../base/index.js';
import { type Link, PendingCalls } from '../shared/link.js';
import type { CallName, Calls, Reply, Request } from '../shared/protocol.js';
import { collectTensors } from './collect.js';
import type { RuntimeThread, ThreadPool } from './thread.js';

/** A program's link to the thread that it is in. It keeps the process alive only while an answer is awaited. */
export class ThreadLink implements Link {
  readonly #thread: RuntimeThread;
  readonly #threads: ThreadPool;
  readonly #pending: PendingCalls;
  /** Called once when the thread has let go of the program, or is gone. */
  #freed: () => void = () => undefined;
  readonly #isFree = new Promise<void>((resolve) => {
    this.#freed = resolve;
  });
  #closing?: number;

  /** @param source the model's file, for messages. @param threads where the thread is from, and goes to afterwards. */
  constructor(source: string | undefined, threads: ThreadPool) {
    this.#pending = new PendingCalls(source);
    this.#threads = threads;
    this.#thread = threads.take();
    this.#thread.listen({ reply: (reply) => this.#receive(reply), failed: (cause) => this.#fail(cause) });
  }

  #receive(reply: Reply): void {
    if (reply.id === this.#closing) this.#freed();
    else if (this.#pending.receive(reply) && this.#pending.size === 0 && this.#closing === undefined) this.#thread.hold(false);
  }

  #fail(cause: Error | number): void {
    this.#pending.end(failure(cause));
    if (typeof cause === 'number') this.#freed();
  }

  call<K extends CallName>(call: K, ask: Calls[K]['ask'], transfer: readonly ArrayBuffer[] = []): Promise<Calls[K]['answer']> {
    if (this.#pending.ended) return Promise.reject(this.#pending.ended);
    const id = this.#pending.number();
    this.#thread.post({ id, call, ...ask } as Request, transfer);
    if (this.#pending.size === 0) this.#thread.hold(true);
    return this.#pending.answerTo(id);
  }

  /** The run under way ends first, and the session is released: a thread inside native code cannot be ended without a crash. */
  async close(later: Error, pending = later): Promise<void> {
    const thread = this.#thread;
    if (!this.#pending.ended) {
      thread.halt();
      this.#pending.end(later, pending);
    }
    if (!thread.isAlive) return;
    if (this.#closing === undefined) {
      this.#closing = this.#pending.number();
      thread.hold(true);
      thread.post({ id: this.#closing, call: 'dispose' });
      await this.#isFree;
      collectTensors();
      if (thread.isAlive) await this.#threads.giveBack(thread);
    } else await this.#isFree;
  }
}

/** Too large a model is the model's fault; any other death is not. */
function failure(cause: Error | number): Error {
  if (typeof cause === 'number') return new ResourceError({ what: `The runtime's thread ended unexpectedly with code ${cause}` });
  const Kind = (cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? RuntimeError : ResourceError;
  return new Kind({ what: `The runtime's thread failed (${cause.message})` }, { cause });
}
