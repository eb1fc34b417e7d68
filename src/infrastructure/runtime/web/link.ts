import { ResourceError } from '../../../base/index.js';
import { type Link, PendingCalls } from '../shared/link.js';
import type { CallName, Calls, Reply } from '../shared/protocol.js';

/** What is used here of a page's workers. */
interface PageWorker {
  onmessage: ((event: { readonly data: Reply }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(message: object, transfer: readonly ArrayBuffer[]): void;
  terminate(): void;
}
declare const Worker: new (address: URL, options: { readonly type: 'module'; readonly name: string }) => PageWorker;

/** A web worker that answers calls in order. */
export class WebLink implements Link {
  readonly #worker: PageWorker;
  readonly #pending: PendingCalls;

  /** @param source the model's file, for messages. */
  constructor(source?: string) {
    this.#pending = new PendingCalls(source);
    // Bundlers look for exactly this expression.
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'espalier-program' });
    this.#worker.onmessage = ({ data }) => void this.#pending.receive(data);
    this.#worker.onerror = ({ message }) => {
      const what = message ? `The runtime's worker failed (${message})` : "The runtime's worker did not start";
      this.#pending.end(new ResourceError({ what, fix: 'Look into the console and at the addresses that the page asked for.' }));
      this.#worker.terminate();
    };
  }

  call<K extends CallName>(call: K, ask: Calls[K]['ask'], transfer: readonly ArrayBuffer[] = []): Promise<Calls[K]['answer']> {
    if (this.#pending.ended) return Promise.reject(this.#pending.ended);
    const id = this.#pending.number();
    this.#worker.postMessage({ id, call, ...ask }, transfer);
    return this.#pending.answerTo(id);
  }

  /** A run under way ends where it is. */
  async close(later: Error, pending = later): Promise<void> {
    this.#pending.end(later, pending);
    this.#worker.terminate();
  }
}
