import { z } from 'zod';
import type { TechniqueNotes } from '../../technique/index.js';
import type { FootprintInfo, LatencyInfo, ModelInfo, ServingInfo } from './info.js';
import { checked, checksSchema, footprintSchema, latencySchema, modelSchema, notesSchema, qualitySchema, servingSchema } from './schema.js';

// What of a run's journal is read again. What is not listed in a schema is carried along.

/** The models that a trial notes as its candidates, the last stage last; none where it notes none. @throws FormatError where they are damaged. */
export function parseCandidates(candidates: unknown, where: string): ModelInfo[] {
  return candidates === undefined ? [] : checked<ModelInfo[]>(z.array(modelSchema), candidates, where);
}

/** A model as far as it can be drawn; undefined for what is none. */
export function modelIn(value: unknown): ModelInfo | undefined {
  return modelSchema.safeParse(value).success ? checked<ModelInfo>(modelSchema, value, 'model') : undefined;
}

/** What is measured of a model while a run selects. */
export type Measured = Pick<ModelInfo, 'validation' | 'footprint'>;

const measured = z.looseObject({ validation: qualitySchema, footprint: footprintSchema });

/** @throws FormatError where it is damaged, as all of these do. */
export function parseMeasured(recorded: unknown): Measured {
  return checked<Measured>(measured, recorded, "what the journal has of a model's measuring");
}

/** The baseline that was given, with its file. */
export function parseBaseline(recorded: unknown): Measured & Pick<ModelInfo, 'file'> {
  return checked<Measured & Pick<ModelInfo, 'file'>>(
    measured.extend({ file: z.string() }),
    recorded,
    'what the journal has of the baseline',
  );
}

/** What is measured of a chosen model on the test part. */
export type Tested = Pick<ModelInfo, 'test' | 'checks'> & Pick<FootprintInfo, 'downloadBytes'>;

const tested = z.looseObject({
  test: qualitySchema.optional(),
  checks: checksSchema.optional(),
  downloadBytes: z.number().min(0).optional(),
});

export function parseTested(recorded: unknown): Tested {
  return checked<Tested>(tested, recorded, "what the journal has of a model's test");
}

/** What a recipe's model will cost; null where that is not known. */
export function parseForeseen(recorded: unknown): FootprintInfo | null {
  return checked<FootprintInfo | null>(footprintSchema.nullable(), recorded, 'what the journal foresees of a model');
}

export function parseLatency(recorded: unknown): LatencyInfo {
  return checked<LatencyInfo>(latencySchema, recorded, "what the journal has of a model's latency");
}

export function parseServing(recorded: unknown): ServingInfo[] {
  return checked<ServingInfo[]>(z.array(servingSchema), recorded, 'what the journal has of how a model serves');
}

/** What a journal says of a stage that was made. */
export interface StageRecord {
  readonly id: string;
  /** Of its file. */
  readonly bytes: number;
  readonly notes: TechniqueNotes;
  /** The quality after each epoch, where it was watched; null where it is not defined. */
  readonly epochs?: readonly (number | null)[];
}

const stage = z.looseObject({
  id: z.string(),
  bytes: z.number().min(0),
  notes: notesSchema,
  epochs: z.array(z.number().nullable()).optional(),
});
const ofStage = z.object({ id: z.string() });

interface Recorded {
  readonly kind: string;
  readonly data: unknown;
}

/** What the journal says of one stage; undefined where that was not made. */
export function stageIn(records: readonly Recorded[], id: string): StageRecord | undefined {
  return stagesIn(records.filter(({ kind, data }) => kind === 'stage' && ofStage.safeParse(data).data?.id === id))[0];
}

/** The stages that were made, in order. */
export function stagesIn(records: readonly Recorded[]): StageRecord[] {
  return records.flatMap(({ kind, data }) =>
    kind === 'stage' ? [checked<StageRecord>(stage, data, 'what the journal has of a stage')] : [],
  );
}
