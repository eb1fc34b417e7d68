import { z } from 'zod';
import { FormatError } from '../../base/index.js';
import type { Recipe } from '../../technique/index.js';
import type { Card } from './card.js';
import { CARD_SCHEMA, FORMAT_VERSION, FRONT_SCHEMA, type RunInfo } from './info.js';

const number = z.number();
const count = z.number().min(0);

export const qualitySchema = z.looseObject({
  metric: z.string(),
  value: number,
  interval: z.tuple([number, number]).optional(),
  samples: count,
  details: z.record(z.string(), number),
  confusion: z.array(z.array(number)).optional(),
});

export const latencySchema = z.looseObject({
  p50: number,
  p95: number,
  p99: number,
  batch: number,
  threads: number,
  backend: z.string(),
  throughput: number,
  estimatedFor: z.string().optional(),
  measuredBy: z.string().optional(),
  device: z.string().optional(),
  wrong: z.string().optional(),
});

export const servingSchema = z.looseObject({
  concurrent: count,
  throughput: number,
  p50: number,
  p95: number,
  memory: count,
  joules: count.optional(),
  kilowattHoursPerMillion: count.optional(),
  costPerMillion: count.optional(),
  estimatedFor: z.string().optional(),
  measuredBy: z.string().optional(),
});

export const footprintSchema = z.looseObject({
  bytes: count,
  parameters: count,
  weightBytes: count,
  macs: count.optional(),
  latency: latencySchema.optional(),
  serving: z.array(servingSchema).optional(),
  energyMicrojoules: count.optional(),
  trainingMicrojoules: count.optional(),
  compiled: z
    .looseObject({
      target: z.string(),
      flash: count.optional(),
      ram: count.optional(),
      refused: z.string().optional(),
      files: z.array(z.string()).optional(),
    })
    .optional(),
});

export const recipeSchema = z.array(z.looseObject({ technique: z.string(), options: z.record(z.string(), z.unknown()).optional() }));

export const notesSchema = z.looseObject({
  training: z.array(z.looseObject({ microjoules: count.optional() })).optional(),
  remarks: z.array(z.string()).optional(),
});

export const checksSchema = z.array(z.looseObject({ runtime: z.string(), status: z.string(), detail: z.string().optional() }));

export const modelSchema = z.looseObject({
  id: z.string(),
  label: z.string(),
  file: z.string(),
  recipe: recipeSchema,
  seed: number,
  validation: qualitySchema,
  test: qualitySchema.optional(),
  footprint: footprintSchema,
  notes: notesSchema,
  checks: checksSchema.optional(),
  onFront: z.boolean(),
  breaks: z.array(z.string()),
});

const layer = z.looseObject({
  name: z.string(),
  op: z.string(),
  output: z.array(number),
  parameters: count,
  macs: count,
  weightBytes: count,
  activationBytes: count,
});

export const limitsSchema = z.looseObject({
  maxSize: number.optional(),
  maxLatency: number.optional(),
  maxMemory: number.optional(),
  maxRam: number.optional(),
  maxFlash: number.optional(),
  maxDrop: number.optional(),
  minQuality: number.optional(),
  maxMacs: number.optional(),
  rules: z.array(z.looseObject({ metric: z.string(), relation: z.enum(['>=', '<=']), value: number })).optional(),
});

/** What a front.json must hold to be drawn; what is not listed is carried along. */
const run = z.looseObject({
  format: z.literal(FORMAT_VERSION),
  name: z.string(),
  strategy: z.string(),
  task: z.looseObject({
    name: z.string(),
    kind: z.string(),
    metric: z.string(),
    classes: z.array(z.string()).optional(),
    samples: z.record(z.string(), count),
  }),
  seed: number,
  options: z.record(z.string(), z.unknown()),
  limits: limitsSchema,
  machine: z.looseObject({ node: z.string(), platform: z.string(), processor: z.string(), cores: count }),
  objectives: z.array(z.string()),
  baseline: modelSchema,
  models: z.array(modelSchema),
  hypervolume: number,
  layers: z.record(z.string(), z.array(layer)),
  trials: z.looseObject({ finished: count, failed: count, stopped: count }),
  failures: z.array(z.looseObject({ trial: number, recipe: recipeSchema, message: z.string() })),
  stopped: z.array(z.looseObject({ trial: number, recipe: recipeSchema, epoch: count, technique: z.string() })).optional(),
  remarks: z.array(z.string()),
  seconds: count,
  training: z.looseObject({ epochs: count, microjoules: count, runJoules: count.optional() }).optional(),
  complete: z.boolean(),
});

/** A front.json as reports draw it. @throws FormatError where it is of another version, or not what a run writes. */
export function parseRunInfo(value: unknown, where: string): RunInfo {
  // Documents from before they said so have only their format number.
  const { schema = FRONT_SCHEMA, format } = (value ?? {}) as { schema?: unknown; format?: unknown };
  if (schema !== FRONT_SCHEMA || (typeof format === 'number' && format !== FORMAT_VERSION)) {
    throw new FormatError({
      what: 'The run was written by another version of Espalier',
      where,
      expected: `${FRONT_SCHEMA}, format ${FORMAT_VERSION}`,
      got: `${schema}, format ${format}`,
      fix: 'Use that version for it, or run optimize again into another folder.',
    });
  }
  return checked<RunInfo>(run, value, where);
}

const card = z.looseObject({
  schema: z.literal(CARD_SCHEMA),
  format: z.literal(FORMAT_VERSION),
  id: z.string(),
  label: z.string(),
  warnings: z.array(z.string()),
  onFront: z.boolean(),
  limits: limitsSchema,
  breaks: z.array(z.string()),
  file: z.string(),
  recipe: recipeSchema,
  seed: number,
  strategy: z.string(),
  data: z.looseObject({ name: z.string(), fingerprint: z.string(), samples: z.record(z.string(), count) }),
  classes: z.array(z.string()).optional(),
  quality: z.looseObject({
    metric: z.string(),
    validation: qualitySchema,
    test: qualitySchema.optional(),
    before: z.looseObject({ validation: qualitySchema, test: qualitySchema.optional() }),
  }),
  footprint: z.looseObject({ after: footprintSchema, before: footprintSchema }),
  notes: notesSchema,
});

/** A card as a run writes it. @throws FormatError where it is none, of another version, or damaged. */
export function parseCard(value: unknown, where: string): Card {
  const { schema } = (value ?? {}) as { schema?: unknown };
  if (schema !== CARD_SCHEMA) throw new FormatError({ what: 'The file is no card', where, expected: CARD_SCHEMA, got: String(schema) });
  return checked<Card>(card, value, where);
}

/** A recipe: a list of steps, or that of a card. @throws FormatError where there is none. */
export function parseRecipe(value: unknown, where: string): Recipe {
  const { schema = CARD_SCHEMA, recipe: own } = (value ?? {}) as { schema?: unknown; recipe?: unknown };
  if (schema !== CARD_SCHEMA) throw new FormatError({ what: 'The file is no card', where, expected: CARD_SCHEMA, got: String(schema) });
  const { data } = recipeSchema.min(1).safeParse(Array.isArray(value) ? value : own);
  if (data) return data.map(({ technique, options = {} }) => ({ technique, options })) as Recipe;
  throw new FormatError({ what: 'There is no recipe in the file', where, expected: 'a list of { technique, options }, or a card' });
}

/** A value that is as a schema says; what is not listed in that is carried along. @throws FormatError that says where it is not. */
export function checked<T>(schema: z.ZodType, value: unknown, where: string): T {
  const { success, error } = schema.safeParse(value);
  if (success) return value as T;
  const [issue] = error.issues;
  throw new FormatError({
    what: 'The file is damaged',
    where: `${where}, ${issue.path.map(String).join('.') || 'whole'}`,
    got: issue.message,
  });
}
