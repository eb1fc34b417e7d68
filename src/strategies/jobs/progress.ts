import { z } from 'zod';
import { asJson, type Json } from '../../automation/index.js';
import type { Activity, ProgressEvent } from '../../base/index.js';

const event = z.object({
  task: z.string(),
  done: z.number(),
  total: z.number().optional(),
  facts: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
  epoch: z.object({ epoch: z.int().min(1), loss: z.number(), quality: z.number().optional() }).optional(),
});

const message = z.object({
  worker: z.string(),
  events: z.array(event),
  /** The validation quality after each epoch so far of the stage that is made, null where the metric is not defined. */
  qualities: z.array(z.number().nullable()).optional(),
});

/** What a worker tells of a job while it does it. */
export type JobProgress = z.infer<typeof message>;

/** What is told of a job since it was told of last. */
export interface JobNews extends Pick<JobProgress, 'qualities'> {
  readonly events: readonly ProgressEvent[];
}

/** With whom a job is done. */
export interface JobActivity extends Activity {
  /** Told the validation quality after each epoch of the stage that is made, where trials may be given up early. */
  onQuality?: (quality: number) => void;
}

/** @param worker the name of who tells it. */
export function progressMessage(worker: string, { events, qualities }: JobNews): Json {
  // A loss that is no finite number is nothing that JSON can say.
  const said = events.flatMap((each) => event.safeParse(each).data ?? []);
  return asJson({ worker, events: said, ...(qualities && { qualities }) } satisfies JobProgress, 'progress');
}

/** Undefined for what another version tells: it is for those who look on only. */
export function progressIn(said: Json): JobProgress | undefined {
  return message.safeParse(said).data;
}

/** What is told together: of events every epoch, and of the others the latest; of qualities always all, as a message may be lost. */
export class ProgressBatch {
  #events: ProgressEvent[] = [];
  readonly #qualities: (number | null)[] = [];
  #told = 0;

  add(event: ProgressEvent): void {
    this.#events = [...this.#events.filter(({ epoch }) => epoch), event];
  }

  addQuality(quality: number): void {
    this.#qualities.push(Number.isFinite(quality) ? quality : null);
  }

  /** Undefined where there is no news. */
  take(): JobNews | undefined {
    const [events, isBetterKnown] = [this.#events, this.#qualities.length > this.#told];
    if (events.length === 0 && !isBetterKnown) return undefined;
    this.#events = [];
    this.#told = this.#qualities.length;
    return { events, ...(this.#told > 0 && { qualities: [...this.#qualities] }) };
  }
}
