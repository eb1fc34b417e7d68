import { z } from 'zod';
import { FormatError } from '../../base/index.js';
import { FORMAT_VERSION, FRONT_SCHEMA, type RunInfo } from './info.js';

const number = z.number();
const count = z.number().min(0);

const quality = z.looseObject({
  metric: z.string(),
  value: number,
  interval: z.tuple([number, number]).optional(),
  samples: count,
  details: z.record(z.string(), number),
  confusion: z.array(z.array(number)).optional(),
});

const latency = z.looseObject({
  p50: number,
  p95: number,
  p99: number,
  batch: number,
  threads: number,
  backend: z.string(),
  throughput: number,
});

const serving = z.looseObject({
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

const footprint = z.looseObject({
  bytes: count,
  parameters: count,
  weightBytes: count,
  macs: count.optional(),
  latency: latency.optional(),
  serving: z.array(serving).optional(),
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

const recipe = z.array(z.looseObject({ technique: z.string() }));

const model = z.looseObject({
  id: z.string(),
  label: z.string(),
  file: z.string(),
  recipe,
  seed: number,
  validation: quality,
  test: quality.optional(),
  footprint,
  notes: z.looseObject({ remarks: z.array(z.string()).optional() }),
  checks: z.array(z.looseObject({ runtime: z.string(), status: z.string(), detail: z.string().optional() })).optional(),
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

const limits = z.looseObject({
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
  limits,
  machine: z.looseObject({ node: z.string(), platform: z.string(), processor: z.string(), cores: count }),
  objectives: z.array(z.string()),
  baseline: model,
  models: z.array(model),
  hypervolume: number,
  layers: z.record(z.string(), z.array(layer)),
  trials: z.looseObject({ finished: count, failed: count, stopped: count }),
  failures: z.array(z.looseObject({ trial: number, recipe, message: z.string() })),
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
  const { success, error } = run.safeParse(value);
  if (success) return value as RunInfo;
  const [issue] = error.issues;
  throw new FormatError({
    what: 'The file is damaged',
    where: `${where}, ${issue.path.map(String).join('.') || 'whole'}`,
    got: issue.message,
  });
}
