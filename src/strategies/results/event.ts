import { z } from 'zod';

/** What lines of events.jsonl say that they are. */
export const EVENT_SCHEMA = 'espalier/event@1';

const facts = z.record(z.string(), z.union([z.number(), z.string()]));
const count = z.number().min(0);
const trial = z.number().int().min(0);
/** Milliseconds since 1970. */
const time = z.number().min(0);

/** What every line has. `at` rises from line to line, so that a line is known by it. */
const head = { schema: z.literal(EVENT_SCHEMA), at: time };

const event = z.discriminatedUnion('kind', [
  /**
   * The run comes to another state. A process that begins says 'starting', how many trials it runs side by side, and how many milliseconds its search has; one that searches within a budget,
   * how many seconds a trial was foreseen to take.
   */
  z.object({
    ...head,
    kind: z.literal('state'),
    state: z.enum(['starting', 'searching', 'paused', 'settling', 'complete', 'stopped', 'failed']),
    error: z.string().optional(),
    jobs: z.number().int().min(1).optional(),
    budgetMs: count.optional(),
    secondsEach: count.optional(),
  }),
  /** How far a worker is; about one a second of each. */
  z.object({
    ...head,
    kind: z.literal('progress'),
    worker: z.string(),
    trial: trial.optional(),
    task: z.string(),
    done: z.number(),
    total: z.number().optional(),
    facts: facts.optional(),
  }),
  /** An epoch of a training is over. `quality` is the validation quality, where it was measured; `loss` that of the training part. */
  z.object({
    ...head,
    kind: z.literal('epoch'),
    worker: z.string(),
    trial: trial.optional(),
    epoch: z.number().int().min(1),
    loss: z.number(),
    quality: z.number().optional(),
  }),
  /** A trial is begun, or ended where `ended` is there: without a state it was cut off, and is begun again another time. */
  z.object({
    ...head,
    kind: z.literal('trial'),
    number: trial,
    worker: z.string(),
    label: z.string().optional(),
    recipe: z
      .array(z.object({ technique: z.string(), options: z.record(z.string(), z.unknown()) }))
      .readonly()
      .optional(),
    begun: time,
    ended: time.optional(),
    state: z.enum(['completed', 'stopped', 'failed']).optional(),
  }),
  /** A worker on another machine, or another process of this one, has ended what it did. */
  z.object({ ...head, kind: z.literal('idle'), worker: z.string() }),
  z.object({ ...head, kind: z.literal('message'), level: z.enum(['info', 'warning']), text: z.string() }),
]);

/** Something that happened in a run, for those who look on: the run itself goes on from its journal alone. */
export type RunEvent = z.infer<typeof event>;

type Unstamped<Event> = Event extends RunEvent ? Omit<Event, 'schema' | 'at'> : never;
/** An event that has no time yet. */
export type NewEvent = Unstamped<RunEvent>;

export type StateEvent = Extract<RunEvent, { kind: 'state' }>;
export type ProgressOfWorker = Extract<RunEvent, { kind: 'progress' }>;
export type EpochEvent = Extract<RunEvent, { kind: 'epoch' }>;
export type TrialEvent = Extract<RunEvent, { kind: 'trial' }>;

/** Where a run's events go. Adding one costs next to nothing, and never fails. */
export interface EventSink {
  add(event: NewEvent): void;
}

/** The event that a line of events.jsonl holds; undefined for a line that was torn, and for what another version writes. */
export function parseEvent(line: string): RunEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return event.safeParse(value).data;
}
