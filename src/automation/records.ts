import { z } from 'zod';
import { FormatError } from '../base/index.js';
import type { Json } from './json.js';

const number = z.int().min(0);
const numbers = z.array(z.number());
const point = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));
const attributes = z.record(z.string(), z.unknown());
const directions = z.array(z.enum(['minimize', 'maximize']));
const named = z.looseObject({ name: z.string(), options: z.record(z.string(), z.unknown()) });

const ofTrial = z.looseObject({ number });
const ended = z.looseObject({ number, values: numbers.optional(), violations: numbers.optional(), attributes: attributes.optional() });

/** What records of studies say, by their kind; what is not listed is carried along. Those of other versions are told by their header. */
const schemas: Readonly<Record<string, z.ZodType>> = {
  study: z.union([
    z.looseObject({
      version: z.literal(1),
      space: z.record(z.string(), z.looseObject({ type: z.string() })),
      seed: z.number(),
      directions,
      reportDirection: z.enum(['minimize', 'maximize']),
      waveSize: z.int().min(1),
      sampler: named,
      stopper: named.nullable(),
      initialPoints: z.array(point),
    }),
    z.looseObject({ version: z.number().refine((version) => version !== 1) }),
  ]),
  'trial.asked': z.looseObject({ number, point, seed: z.number(), byHand: z.literal(true).optional() }),
  'trial.begun': ofTrial,
  'trial.again': ofTrial,
  'trial.broke': ofTrial,
  'trial.report': z.looseObject({ number, step: z.number(), value: z.number().nullable() }),
  'trial.told': ended.required({ values: true }),
  'trial.stopped': ended,
  'trial.failed': ended.extend({ error: z.looseObject({ name: z.string(), message: z.string() }) }),
  'trial.differs': z.looseObject({ number, values: numbers }),
  'wave.cut': ofTrial,
  'point.queued': z.looseObject({ point }),
  'trials.rejudged': z.looseObject({ violations: z.record(z.string(), numbers.nullable()) }),
};

/** Makes sure that a record of a study says what its kind says. @throws FormatError where it does not. */
export function checkRecord(kind: string, data: Json, where: string): void {
  const issue = schemas[kind]?.safeParse(data).error?.issues[0];
  if (issue)
    throw new FormatError({
      what: `The journal is damaged: a record "${kind}" is not as it should be`,
      where,
      got: `${issue.path.join('.') || 'it'}: ${issue.message}`,
    });
}
