import { z } from 'zod';
import { asJson, type Json } from '../../automation/index.js';
import type { ProgressEvent } from '../../base/index.js';

const event = z.object({
  task: z.string(),
  done: z.number(),
  total: z.number().optional(),
  facts: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
  epoch: z.object({ epoch: z.int().min(1), loss: z.number(), quality: z.number().optional() }).optional(),
});

const message = z.object({ worker: z.string(), events: z.array(event) });

/** What a worker tells of a job while it does it. */
export type JobProgress = z.infer<typeof message>;

/** @param worker the name of who tells it. */
export function progressMessage(worker: string, events: readonly ProgressEvent[]): Json {
  // A loss that is no finite number is nothing that JSON can say.
  const said = events.flatMap((each) => event.safeParse(each).data ?? []);
  return asJson({ worker, events: said } satisfies JobProgress, 'progress');
}

/** Undefined for what another version tells: it is for those who look on only. */
export function progressIn(said: Json): JobProgress | undefined {
  return message.safeParse(said).data;
}

/** Events that are told together: every epoch, and of the others the latest. */
export class ProgressBatch {
  #events: ProgressEvent[] = [];

  add(event: ProgressEvent): void {
    this.#events = [...this.#events.filter(({ epoch }) => epoch), event];
  }

  take(): ProgressEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
