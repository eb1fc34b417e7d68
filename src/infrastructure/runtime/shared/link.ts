import { Stopped } from '../../../base/index.js';
import type { CallName, Calls, Reply } from './protocol.js';
import { runtimeError } from './words.js';

/** A worker that answers calls in order. */
export interface Link {
  /** Asks the worker; the buffers in `transfer` move there. */
  call<K extends CallName>(call: K, ask: Calls[K]['ask'], transfer?: readonly ArrayBuffer[]): Promise<Calls[K]['answer']>;
  /** Ends the worker. What is awaited rejects with `pending` (default: `later`) at once, calls from now on with `later`. */
  close(later: Error, pending?: Error): Promise<void>;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** The calls whose answers are awaited. */
export class PendingCalls {
  readonly #pending = new Map<number, Pending>();
  readonly #source: string | undefined;
  #ended?: Error;
  #count = 0;

  /** @param source the model's file, for messages. */
  constructor(source?: string) {
    this.#source = source;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Why no call is taken any more; undefined while they are. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  /** A number for the next message. */
  number(): number {
    return ++this.#count;
  }

  answerTo<T>(id: number): Promise<T> {
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  /** Whether the reply was awaited. */
  receive(reply: Reply): boolean {
    const pending = this.#pending.get(reply.id);
    if (!pending) return false;
    this.#pending.delete(reply.id);
    if ('value' in reply) pending.resolve(reply.value as never);
    else if ('failure' in reply) pending.reject(runtimeError(reply.failure, this.#source));
    else pending.reject(new Stopped('The program was stopped before this run'));
    return true;
  }

  /** From now on calls reject with `later`; those that are awaited reject with `pending`. */
  end(later: Error, pending = later): void {
    this.#ended ??= later;
    for (const { reject } of this.#pending.values()) reject(pending);
    this.#pending.clear();
  }
}
