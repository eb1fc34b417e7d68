import type { Runtime } from '../../../infrastructure/runtime/index.js';
import type { DeviceJob } from '../../api/index.js';
import { type DeviceClient, Unanswered } from './client.js';
import type { Here } from './here.js';
import type { Kept } from './kept.js';
import { measureJob } from './measure-job.js';
import { untilOnline } from './patience.js';
import type { Result } from './result.js';

/** What the device is at. */
export type Phase =
  | { readonly kind: 'joining' | 'waiting' }
  | { readonly kind: 'working'; readonly job: DeviceJob; readonly doing: string; readonly done?: number; readonly total?: number }
  /** Nobody answers; it goes on by itself. */
  | { readonly kind: 'lost'; readonly why: string }
  /** It does not go on by itself. */
  | { readonly kind: 'ended'; readonly why: string };

export interface AgentOptions {
  readonly client: DeviceClient;
  readonly here: Here;
  readonly kept: Kept;
  /** Loaded with the first job. */
  readonly runtime: () => Promise<Runtime>;
  readonly onPhase: (phase: Phase) => void;
  readonly onResult: (result: Result) => void;
}

/** Takes job after job, until it is stopped. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #end = new AbortController();
  #failures = 0;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#end.abort();
  }

  /** Resolves when it was stopped, or cannot go on. */
  async run(): Promise<void> {
    const { signal } = this.#end;
    // Whoever leaves the page, or looks at another, is no fault of the model's.
    const forget = () => {
      this.#options.kept.attempt = undefined;
    };
    addEventListener('pagehide', forget, { signal });
    document.addEventListener('visibilitychange', () => document.hidden && forget(), { signal });
    while (!signal.aborted) {
      try {
        await this.#turn(signal);
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (!(await this.#recover(error, signal))) return;
      }
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { client, kept, onPhase, onResult } = this.#options;
    const id = kept.id ?? (await this.#join(signal));
    onPhase({ kind: 'waiting' });
    const job = await client.next(id, signal);
    if (!job) return;
    onPhase({ kind: 'working', job, doing: 'Loading the model' });
    const model = await client.model(id, job, signal);
    const onDoing = (doing: string, done?: number, total?: number) => onPhase({ kind: 'working', job, doing, done, total });
    const backends = await measureJob(job, model, { ...this.#options, onDoing }, signal);
    onPhase({ kind: 'working', job, doing: 'Sending the result' });
    await client.report(id, job, { backends }, signal);
    const { run, model: name, label, about } = job;
    onResult({ run, model: name, label, ...(about !== undefined && { about }), backends });
  }

  async #join(signal: AbortSignal): Promise<string> {
    const { client, here, kept, onPhase } = this.#options;
    onPhase({ kind: 'joining' });
    const id = await client.register({ name: kept.name, ...here.hello }, signal);
    kept.id = id;
    return id;
  }

  /** @returns whether it goes on. */
  async #recover(error: unknown, signal: AbortSignal): Promise<boolean> {
    const { kept, onPhase } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    const status = error instanceof Unanswered ? error.status : undefined;
    if (status === 401 || status === 403) {
      onPhase({ kind: 'ended', why: 'The link is not valid any more: each start of the studio has a new one. Scan or open the latest.' });
      return false;
    }
    if (status === 404 && kept.id !== undefined) {
      // The studio forgot this device: it joins again.
      kept.id = undefined;
      if (++this.#failures < 3) return true;
    }
    if (status !== 0 && (status === undefined || status < 500)) {
      onPhase({ kind: 'ended', why: message });
      return false;
    }
    onPhase({ kind: 'lost', why: message });
    await untilOnline(this.#failures++, signal);
    return !signal.aborted;
  }
}
