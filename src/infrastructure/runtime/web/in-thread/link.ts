import type { Answers } from '../../shared/answers.js';
import { type Link, PendingCalls } from '../../shared/link.js';
import type { CallName, Calls, Request } from '../../shared/protocol.js';

/** What is used here of a browser's channels. */
interface Channel {
  readonly port1: { onmessage: (() => void) | null };
  readonly port2: { postMessage(message: undefined): void };
}

/** One turn at a time: ONNX Runtime's module is one for all programs of a thread. */
export class Turns {
  readonly #channel = new MessageChannel() as unknown as Channel;
  #last: Promise<unknown> = Promise.resolve();

  /** Does it after what was asked for before, and after messages that wait for this thread, so that whoever wants to stop the work is heard. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(() => this.#pause()).then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#channel.port1.onmessage = () => resolve();
      this.#channel.port2.postMessage(undefined);
    });
  }
}

/** A program that is run where it is asked for, with no worker in between. */
export class OwnLink implements Link {
  readonly #answers: Answers;
  readonly #turns: Turns;
  readonly #pending: PendingCalls;

  /** @param source the model's file, for messages. */
  constructor(source: string | undefined, answers: Answers, turns: Turns) {
    this.#answers = answers;
    this.#turns = turns;
    this.#pending = new PendingCalls(source);
  }

  call<K extends CallName>(call: K, ask: Calls[K]['ask']): Promise<Calls[K]['answer']> {
    if (this.#pending.ended) return Promise.reject(this.#pending.ended);
    const id = this.#pending.number();
    const request = { id, call, ...ask } as unknown as Request;
    void this.#turns.take(async () => this.#pending.receive(await this.#answers.to(request)));
    return this.#pending.answerTo(id);
  }

  /** A run under way comes to its end, and nobody waits for it. */
  async close(later: Error, pending = later): Promise<void> {
    this.#pending.end(later, pending);
    await this.#turns.take(() => this.#answers.to({ id: this.#pending.number(), call: 'dispose' }));
  }
}
