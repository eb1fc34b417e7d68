import { z } from 'zod';
import { asJson, type Job, type JournalRecord, type Json } from '../../automation/index.js';
import { FormatError } from '../../base/index.js';
import type { Recipe } from '../../technique/index.js';
import type { ModelInfo } from '../results/info.js';

/** Of the messages' format: a worker of another version leaves them alone. */
const VERSION = 1;

const records = z.array(z.object({ kind: z.string(), data: z.json() }));

const stageJob = z.object({
  version: z.literal(VERSION),
  kind: z.literal('stage'),
  /** How a worker opens the run; its own affair. */
  open: z.json(),
  id: z.string(),
  recipe: z.array(z.looseObject({ technique: z.string() })),
  /** What the model is compared with, and learns from where `teaches`. */
  baseline: z.looseObject({ id: z.string(), file: z.string() }),
  teaches: z.boolean(),
  /** Whether its latency counts: it is measured in turns with the baseline. */
  latency: z.boolean(),
  /** What the journal knows that the job needs: the run, stages that are made. */
  records,
});

const stageResult = z.union([z.object({ records }), z.object({ failed: z.object({ name: z.string(), message: z.string() }) })]);

/** Makes a model by the last step of a recipe, and measures it. */
export interface StageJob {
  readonly open: Json;
  readonly id: string;
  readonly recipe: Recipe;
  readonly baseline: Pick<ModelInfo, 'id' | 'file' | 'footprint'>;
  readonly teaches: boolean;
  readonly latency: boolean;
  readonly records: readonly JournalRecord[];
}

/** What came of one: records for the journal, or why the recipe cannot be applied. */
export type StageResult =
  | { readonly records: readonly JournalRecord[] }
  | { readonly failed: { readonly name: string; readonly message: string } };

/** @param run tells runs apart. */
export function jobOf(stage: StageJob, run: string): Job {
  return { id: `${run}-${stage.id}`, run, data: asJson({ version: VERSION, kind: 'stage', ...stage }, 'job') };
}

/** @throws FormatError for what is no job of this version. */
export function stageJobIn(job: Job): StageJob {
  return parsed(stageJob, job.data, `job "${job.id}"`) as unknown as StageJob;
}

/** @throws FormatError for what is no result. */
export function stageResultIn(result: Json, { id }: Pick<Job, 'id'>): StageResult {
  return parsed(stageResult, result, `result of job "${id}"`) as StageResult;
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
