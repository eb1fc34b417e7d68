import type { CallName, Calls, Event, Failure, Reply, Request } from './protocol.js';

/** What the worker could not do, or was told to stop doing. */
export class WorkFailure extends Error {
  readonly isStop: boolean;

  constructor({ text, isStop }: Failure) {
    super(text);
    this.name = 'WorkFailure';
    this.isStop = isStop;
  }
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: WorkFailure) => void;
}

const ENDED =
  'The worker of this page has ended, as it does where memory runs out. Load the page again, and take a smaller model or less data.';

/** The page's worker, and what it was asked. */
export class Client {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'tab' });
  readonly #pending = new Map<number, Pending>();
  #count = 0;
  /** Told what the worker tells while it works. */
  onEvent: (event: Event) => void = () => {};

  constructor() {
    this.#worker.onmessage = ({ data }: { data: Reply | Event }) => ('event' in data ? this.onEvent(data) : this.#receive(data));
    this.#worker.onerror = ({ message }) => this.#fail(message ? `${ENDED} (${message})` : ENDED);
  }

  ask<K extends CallName>(call: K, ask: Calls[K]['ask']): Promise<Calls[K]['answer']> {
    const id = ++this.#count;
    this.#send({ id, call, ask } as Request);
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  /** Work under way ends at its next step. */
  stop(): void {
    this.#send({ stop: true });
  }

  #send(request: Request): void {
    this.#worker.postMessage(request);
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('value' in reply) pending?.resolve(reply.value as never);
    else pending?.reject(new WorkFailure(reply.failure));
  }

  #fail(text: string): void {
    for (const { reject } of this.#pending.values()) reject(new WorkFailure({ text, isStop: false }));
    this.#pending.clear();
  }
}
