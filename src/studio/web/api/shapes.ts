import * as z from 'zod/mini';
import type { LiveChange, LiveRun, RunInfo } from '../../../strategies/index.js';
import type { ApiError, DatasetInfo, GraphInfo, RunFinding, RunSummary, SessionInfo } from '../../api/index.js';
import { measurement } from './measurement.js';

// The page's policy runs no code that is made of text.
z.config({ jitless: true });

/*
 * What the page stands on in each answer: enough that nothing it draws is of another kind than it thinks. Fields that it does not name pass through, so that a newer
 * server may say more.
 */

const number = z.number();
const text = z.string();
const states = z.enum(['starting', 'searching', 'paused', 'settling', 'complete', 'stopped', 'failed']);
const recipe = z.array(z.looseObject({ technique: text }));
/** JSON has no NaN. */
const measured = z.nullable(number);

const model = z.looseObject({
  id: text,
  label: text,
  file: text,
  card: z.optional(text),
  recipe,
  validation: z.looseObject({ metric: text, value: measured, samples: number }),
  footprint: z.looseObject({ bytes: number, parameters: number }),
  notes: z.looseObject({}),
  onFront: z.boolean(),
  breaks: z.array(text),
});

const trial = z.looseObject({
  number,
  state: z.enum(['running', 'completed', 'stopped', 'failed']),
  point: z.record(text, z.union([number, text, z.boolean()])),
  recipe: z.optional(recipe),
  label: z.optional(text),
  values: z.optional(z.array(measured)),
  models: z.array(text),
  curve: z.array(z.looseObject({ step: number, value: measured })),
  stopped: z.optional(z.looseObject({ epoch: number, technique: text })),
  error: z.optional(text),
});

const runFields = {
  revision: number,
  name: text,
  state: states,
  strategy: text,
  task: z.looseObject({ name: text, kind: text, metric: text }),
  objectives: z.optional(z.array(z.enum(['quality', 'bytes', 'macs', 'latency', 'memory']))),
  limits: z.looseObject({}),
  baseline: z.optional(model),
  models: z.array(model),
  space: z.optional(z.record(text, z.looseObject({ type: z.enum(['float', 'integer', 'categorical']) }))),
  trials: z.array(trial),
  wanted: number,
  workers: z.array(z.looseObject({ name: text, seen: number })),
  messages: z.array(z.looseObject({ at: number, level: z.enum(['info', 'warning']), text })),
  begun: number,
  updated: number,
  secondsLeft: z.optional(number),
  error: z.optional(text),
};

const front = z.looseObject({
  name: text,
  task: z.looseObject({ metric: text, samples: z.looseObject({ validation: number, test: number }) }),
  objectives: z.array(text),
  limits: z.looseObject({}),
  baseline: model,
  models: z.array(model),
  trials: z.looseObject({ finished: number, failed: number, stopped: number }),
  seconds: number,
});

const summary = z.looseObject({
  id: text,
  name: text,
  state: states,
  trials: z.looseObject({ ended: number, wanted: number }),
  front: number,
  begun: number,
  updated: number,
  secondsLeft: z.optional(number),
  headline: z.optional(text),
});

const graphNode = z.looseObject({
  kind: z.enum(['operator', 'input', 'output']),
  name: text,
  op: text,
  parameters: number,
  macs: number,
  weightBytes: number,
  activationBytes: number,
  attributes: z.record(text, text),
});
const graphEdge = z.looseObject({ from: number, to: number, tensor: text });

/** Reads an answer. @throws Error that says where it is not as it should be. */
export type Reader<T> = (answer: unknown) => T;

export const readers = {
  run: reader<LiveRun>(z.looseObject({ schema: z.literal('espalier/live@1'), ...runFields })),
  change: reader<LiveChange>(z.extend(z.partial(z.looseObject(runFields)), { revision: number })),
  front: reader<RunInfo>(front),
  summaries: reader<RunSummary[]>(z.array(summary)),
  session: reader<SessionInfo>(z.looseObject({ version: text, canStart: z.boolean(), maxUpload: number })),
  graph: reader<GraphInfo>(z.looseObject({ name: text, nodes: z.array(graphNode), edges: z.array(graphEdge) })),
  findings: reader<RunFinding[]>(z.array(z.looseObject({ device: text, model: text, backends: z.array(measurement) }))),
  datasets: reader<DatasetInfo[]>(z.array(z.looseObject({ name: text, title: text }))),
  id: reader<{ id: string }>(z.looseObject({ id: text })),
  error: reader<{ error: ApiError }>(z.looseObject({ error: z.looseObject({ message: text, fix: z.optional(text) }) })),
};

function reader<T>(shape: z.ZodMiniType): Reader<T> {
  return (answer) => {
    const { data, error } = shape.safeParse(answer);
    if (!error) return data as T;
    const [issue] = error.issues;
    throw new Error(`The server's answer is not as expected: ${issue.path.join('.') || 'it'}: ${issue.message}`);
  };
}
