import type { RunStats } from '../../contract.js';
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
  /** Calls of this program are answered in order, however many turns one takes. */
  #last: Promise<unknown> = Promise.resolve();
  /** Why calls that were asked for are not answered. */
  #interruption: Error | undefined;

  /** @param source the model's file, for messages. */
  constructor(source: string | undefined, answers: Answers, turns: Turns) {
    this.#answers = answers;
    this.#turns = turns;
    this.#pending = new PendingCalls(source);
  }

  /** What is in `transfer` moves, as it does to a worker: whoever hands it over has it no more. */
  call<K extends CallName>(call: K, ask: Calls[K]['ask'], transfer: readonly ArrayBuffer[] = []): Promise<Calls[K]['answer']> {
    if (this.#pending.ended) return Promise.reject(this.#pending.ended);
    const moved = transfer.length > 0 ? structuredClone(ask, { transfer: [...transfer] }) : ask;
    const mine = this.#last.then((): Promise<Calls[K]['answer']> => {
      if (this.#interruption) return Promise.reject(this.#interruption);
      return call === 'time' ? (this.#time(moved as Calls['time']['ask']) as Promise<Calls[K]['answer']>) : this.#call(call, moved);
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  #call<K extends CallName>(call: K, ask: Calls[K]['ask']): Promise<Calls[K]['answer']> {
    if (this.#pending.ended) return Promise.reject(this.#pending.ended);
    const id = this.#pending.number();
    const request = { id, call, ...ask } as unknown as Request;
    const answer = this.#pending.answerTo<Calls[K]['answer']>(id);
    void this.#turns.take(async () => {
      // Whoever is not waited for any more need not be run.
      if (this.#pending.ended) return;
      const reply = await this.#answers.to(request);
      // Loading takes long and hears nobody: who wanted it to stop meanwhile is heard now.
      if (call === 'load') await new Promise((resolve) => setTimeout(resolve));
      this.#pending.receive(reply);
    });
    return answer;
  }

  /** One run at a time, so that the thread hears between them who wants them to stop. */
  async #time({ times, ...ask }: Calls['time']['ask']): Promise<RunStats[]> {
    const all: RunStats[] = [];
    while (all.length < times) all.push(...(await this.#call('time', { ...ask, times: 1 })));
    return all;
  }

  /** A run under way comes to its end, and nobody waits for it. */
  async close(later: Error, pending = later): Promise<void> {
    this.#interruption ??= pending;
    this.#pending.end(later, pending);
    await this.#turns.take(() => this.#answers.to({ id: this.#pending.number(), call: 'dispose' }));
  }
}
