import { ResourceError } from '../../../base/index.js';
import { type Link, PendingCalls } from '../shared/link.js';
import type { CallName, Calls, Reply, SessionSettings } from '../shared/protocol.js';

/** What is used here of a page's workers. */
interface PageWorker {
  onmessage: ((event: { readonly data: Reply }) => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(message: object, transfer: readonly ArrayBuffer[]): void;
  terminate(): void;
}
declare const Worker: new (address: URL, options: { readonly type: 'module'; readonly name: string }) => PageWorker;

/** The worker's file in Espalier's package, which is also its name in a bundle. */
function fileFor({ backend, module }: SessionSettings): string {
  if (module !== undefined) return 'espalier-worker.js';
  return backend === 'webgpu' ? 'espalier-webgpu-worker.js' : 'espalier-wasm-worker.js';
}

/** Bundlers look for exactly these expressions: no address may be computed. webpack makes one file of workers that have one name. */
function start(file: string): PageWorker {
  switch (file) {
    case 'espalier-worker.js':
      return new Worker(new URL('./espalier-worker.js', import.meta.url), { type: 'module', name: 'espalier' });
    case 'espalier-webgpu-worker.js':
      return new Worker(new URL('./espalier-webgpu-worker.js', import.meta.url), { type: 'module', name: 'espalier-webgpu' });
    default:
      return new Worker(new URL('./espalier-wasm-worker.js', import.meta.url), { type: 'module', name: 'espalier-wasm' });
  }
}

/** A web worker that answers calls in order. */
export class WebLink implements Link {
  readonly #worker: PageWorker;
  readonly #pending: PendingCalls;

  /**
   * @param source the model's file, for messages.
   * @throws ResourceError where the page's script is no module, which workers are found beside.
   */
  constructor(source: string | undefined, settings: SessionSettings) {
    this.#pending = new PendingCalls(source);
    const file = fileFor(settings);
    try {
      this.#worker = start(file);
    } catch (cause) {
      throw notStarted(file, cause);
    }
    this.#worker.onmessage = ({ data }) => void this.#pending.receive(data);
    this.#worker.onerror = ({ message }) => {
      this.#pending.end(message ? failed(message) : notStarted(file));
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

function failed(message: string): Error {
  return new ResourceError({
    what: `The runtime's worker failed (${message})`,
    fix: 'Is onnxruntime-web installed and in the bundle? See docs/bundlers.md',
  });
}

/** Browsers do not say why a script did not load. */
function notStarted(file: string, cause?: unknown): Error {
  return new ResourceError(
    {
      what: `The runtime's worker did not start${cause instanceof Error ? ` (${cause.message})` : ''}`,
      where: file,
      expected:
        'this file beside the script that asks for it, as a module with onnxruntime-web inside, and in a cross-origin isolated page with the same headers as the page',
      fix: "docs/bundlers.md has the settings of each bundler, and of a page without one; the browser's network log says what was asked for",
    },
    { cause },
  );
}
