import type { Calls, Reply, Request, SessionSettings } from './protocol.js';
import type { Session } from './session.js';

export interface AnswersOptions {
  load(source: Uint8Array | string, settings: SessionSettings): Promise<Session>;
  /** The model that ONNX Runtime's optimizer makes of another one, where it can be had. */
  optimize?(source: Uint8Array, settings: SessionSettings): Promise<Uint8Array>;
  /** Whether nothing that is queued may start any more. Default: never. */
  stopped?: () => boolean;
}

/** Answers the calls that a worker is sent, one after the other. */
export class Answers {
  readonly #load: AnswersOptions['load'];
  readonly #optimize: AnswersOptions['optimize'];
  readonly #stopped: () => boolean;
  #session?: Session;

  constructor({ load, optimize, stopped = () => false }: AnswersOptions) {
    this.#load = load;
    this.#optimize = optimize;
    this.#stopped = stopped;
  }

  async to(request: Request): Promise<Reply> {
    const { id } = request;
    if (this.#stopped() && request.call !== 'dispose') return { id, skipped: true };
    try {
      return { id, value: await this.#perform(request) };
    } catch (cause) {
      return { id, failure: cause instanceof Error ? cause.message : String(cause) };
    }
  }

  async #perform(request: Request): Promise<Calls[keyof Calls]['answer']> {
    if (request.call === 'load') {
      this.#session = await this.#load(request.source, request.settings);
      return { inputs: this.#session.inputs, outputs: this.#session.outputs };
    }
    if (request.call === 'optimize') {
      if (!this.#optimize) throw new Error('This runtime does not hand out what it makes of a model.');
      return { model: await this.#optimize(request.source, request.settings) };
    }
    if (request.call === 'dispose') {
      await this.#session?.release();
      this.#session = undefined;
      return undefined;
    }
    const session = this.#session;
    if (!session) throw new Error('No model is loaded.');
    switch (request.call) {
      case 'run':
        return session.run(request.feeds, request.fetch);
      case 'time':
        return session.time(request.feeds, request.fetch, request.times, this.#stopped);
      case 'state':
        return session.state(request.names);
      case 'setState':
        session.setState(request.state);
        return undefined;
      case 'profile':
        return session.profile();
      case 'memory':
        return session.memory();
    }
  }
}

/** The buffers of a reply's tensors, to be moved instead of copied. */
export function buffersOf(reply: Reply): ArrayBuffer[] {
  if (!('value' in reply) || typeof reply.value !== 'object') return [];
  const buffers = Object.values(reply.value).flatMap((item) => (ArrayBuffer.isView(item?.contents) ? [item.contents.buffer] : []));
  return [...new Set(buffers)].filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer && buffer.byteLength > 0);
}
