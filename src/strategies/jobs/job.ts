import { z } from 'zod';
import { asJson, type Job, type JournalRecord, type Json } from '../../automation/index.js';
import { FormatError } from '../../base/index.js';
import type { Recipe } from '../../technique/index.js';
import type { ModelInfo } from '../results/info.js';
import { footprintSchema, recipeSchema } from '../results/schema.js';

/** Of the messages' format: a worker of another version leaves them alone. */
const VERSION = 2;

const records = z.array(z.object({ kind: z.string(), data: z.json() }));
const written = z.looseObject({ id: z.string(), file: z.string(), footprint: footprintSchema });

const common = {
  version: z.literal(VERSION),
  /** How a worker opens the run; its own affair. */
  open: z.json(),
  /** What the journal knows that the job needs: the run, stages that are made. */
  records,
};

const stageJob = z.object({
  ...common,
  kind: z.literal('stage'),
  id: z.string(),
  recipe: recipeSchema,
  /** What the model is compared with, and learns from where `teaches`. Absent where the model is to become it. */
  baseline: written.optional(),
  teaches: z.boolean(),
  /** Whether its latency counts: it is measured in turns with the baseline. */
  latency: z.boolean(),
});

const chosenJob = z.object({
  ...common,
  kind: z.enum(['test', 'time', 'serve']),
  model: written,
  baseline: written,
  /** Requests at a time, of those that serve. */
  concurrent: z.array(z.int().positive()).optional(),
});

const anyJob = z.discriminatedUnion('kind', [stageJob, chosenJob]);

const failed = z.object({
  name: z.string(),
  message: z.string(),
  /** The validation quality after each epoch of the stage before it failed; null where the metric is not defined. */
  epochs: z.array(z.number().nullable()).optional(),
});
const jobResult = z.union([z.object({ records }), z.object({ failed })]);

/** A model in a file of the run. */
export type WrittenModel = Pick<ModelInfo, 'id' | 'file' | 'footprint'>;

interface Common {
  readonly open: Json;
  readonly records: readonly JournalRecord[];
}

/** Makes a model by the last step of a recipe, and measures it. */
export interface StageJob extends Common {
  readonly kind: 'stage';
  readonly id: string;
  readonly recipe: Recipe;
  readonly baseline?: WrittenModel;
  readonly teaches: boolean;
  readonly latency: boolean;
}

/** What is measured of a model once it is chosen: its quality on the test part and how it does in runtimes, its latency, how it serves. */
export type ChosenStep = 'test' | 'time' | 'serve';

/** Measures a chosen model; the baseline itself is one. */
export interface ChosenJob extends Common {
  readonly kind: ChosenStep;
  readonly model: WrittenModel;
  readonly baseline: WrittenModel;
  readonly concurrent?: readonly number[];
}

export type RunJob = StageJob | ChosenJob;

/** What came of one: records for the journal, or why the recipe cannot be applied. */
export type JobResult = { readonly records: readonly JournalRecord[] } | { readonly failed: z.infer<typeof failed> };

/** @param run tells runs apart. */
export function jobOf(job: RunJob, run: string): Job {
  const name = job.kind === 'stage' ? job.id : [job.kind, job.model.id, ...(job.concurrent ?? [])].join('-');
  return { id: `${run}-${name}`, run, data: asJson({ version: VERSION, ...job }, 'job') };
}

/** @throws FormatError for what is no job of this version. */
export function runJobIn(job: Job): RunJob {
  return parsed(anyJob, job.data, `job "${job.id}"`) as unknown as RunJob;
}

/** @throws FormatError for what is no result. */
export function resultIn(result: Json, { id }: Pick<Job, 'id'>): JobResult {
  return parsed(jobResult, result, `result of job "${id}"`) as JobResult;
}

function parsed<T>(schema: z.ZodType<T>, data: unknown, where: string): T {
  const { data: found, error } = schema.safeParse(data);
  if (found !== undefined) return found;
  const [issue] = error?.issues ?? [];
  throw new FormatError({
    what: 'A message of the queue is not what it should be',
    where,
    got: `${issue?.path.join('.') || 'it'}: ${issue?.message}`,
    fix: 'Use one version of Espalier on every machine.',
  });
}
