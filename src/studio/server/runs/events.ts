import { setTimeout } from 'node:timers/promises';
import type { LiveRun } from '../../../strategies/index.js';
import { Refusal } from '../refusal.js';
import { changeBetween } from './change.js';
import type { Runs } from './runs.js';
import type { FollowedRun } from './source.js';
import { startingRun } from './summary.js';

export interface EventOptions {
  readonly signal: AbortSignal;
  /** Milliseconds between events, at least: two a second. */
  readonly pace?: number;
  /** Milliseconds without an event after which a comment is sent, so that whoever is between keeps the connection. */
  readonly heartbeat?: number;
}

/** Milliseconds after which a run is looked at although nothing was heard of it: its folder may be gone, its process ended. */
const LOOK = 1000;

/**
 * A run's events, each made when it is asked for: a client that reads slowly is sent fewer and larger ones, and nothing is kept for it but what it has.
 * @throws Refusal (404) at once for a run that there is not.
 */
export async function* eventsOf(
  runs: Runs,
  id: string,
  { signal, pace = 500, heartbeat = 15_000 }: EventOptions,
): AsyncGenerator<string, void> {
  const watch = new Watch(runs, id);
  let sent: LiveRun | undefined;
  let spoke = Date.now();
  try {
    while (!signal.aborted) {
      const now = await watch.read();
      if (!now) {
        yield message('gone', {});
        return;
      }
      const change = sent ? changeBetween(sent, now) : 'whole';
      if (change !== undefined) yield change === 'whole' ? message('run', now) : message('change', change);
      else if (Date.now() - spoke >= heartbeat) yield ': still here\n\n';
      if (change !== undefined || Date.now() - spoke >= heartbeat) spoke = Date.now();
      if (change !== undefined) {
        sent = now;
        await setTimeout(pace, undefined, { signal });
      }
      await watch.changed(Math.min(LOOK, heartbeat), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await watch.close();
  }
}

/** A run that may not have begun to write yet, and may be removed. */
class Watch {
  readonly #runs: Runs;
  readonly #id: string;
  #followed: FollowedRun | undefined;
  #last: LiveRun | undefined;

  constructor(runs: Runs, id: string) {
    this.#runs = runs;
    this.#id = id;
  }

  /** Undefined for a run that is gone. @throws Refusal (404) where it never was. */
  async read(): Promise<LiveRun | undefined> {
    try {
      this.#followed ??= await this.#runs.follow(this.#id);
      await this.#runs.folderOf(this.#id);
      this.#last = await this.#runs.explained(this.#id, this.#followed?.run ?? this.#last ?? startingRun(this.#id));
      return this.#last;
    } catch (error) {
      if (this.#last && error instanceof Refusal && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Waits for a change, for a while at most. */
  async changed(most: number, signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const unsubscribe = this.#followed?.subscribe(() => end.abort());
    try {
      if (this.#followed && this.#last && this.#followed.run.revision !== this.#last.revision) return;
      await setTimeout(most, undefined, { signal: AbortSignal.any([end.signal, signal]) });
    } catch {
      // Woken.
    } finally {
      unsubscribe?.();
    }
  }

  async close(): Promise<void> {
    await this.#followed?.close();
  }
}

function message(event: string, data: object): string {
  // JSON has no line breaks of its own.
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The events as the body of an answer: nothing is made before it is read. */
export function streamOf(events: AsyncGenerator<string, void>, first: string, onEnd: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: string | undefined = first;
  return new ReadableStream(
    {
      pull: async (controller) => {
        const text = next ?? (await events.next()).value;
        next = undefined;
        if (text !== undefined) return controller.enqueue(encoder.encode(text));
        onEnd();
        controller.close();
      },
      cancel: () => onEnd(),
    },
    { highWaterMark: 0 },
  );
}
