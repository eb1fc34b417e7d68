import { z } from 'zod';
import { type ArithmeticType, horowitz45nm } from '../energy.js';
import { described, positive } from '../schema.js';
import { dataflows } from './dataflow.js';

const cells = z.number().int().min(1).max(65_536);

/** Horowitz's energies of an array that multiplies numbers of a type. */
export function picojoulesOf(type: ArithmeticType): { mac: number; sramByte: number; dramByte: number } {
  const { perMac, perSramByte, perDramByte } = horowitz45nm;
  return { mac: perMac[type], sramByte: perSramByte, dramByte: perDramByte };
}

/** A systolic array as a JSON file describes it. */
export const systolicSchema = z.strictObject({
  kind: z.literal('systolic'),
  ...described,
  /** Cells down and across; each multiplies and accumulates once a cycle. */
  rows: cells,
  columns: cells,
  dataflow: z.enum(dataflows),
  clockHertz: positive,
  /** Bytes of one number of data and weights. */
  bytesPerNumber: positive.default(1),
  /** Bytes of the buffers for data, weights and results; half of each is filled while the array works from the other half. */
  inputBufferBytes: positive,
  weightBufferBytes: positive,
  outputBufferBytes: positive,
  /** To and from the memory off the chip. */
  dramBytesPerSecond: positive,
  /** Numbers that the unit beside the array (activations, pooling, additions) handles in a cycle. Default: one for each column. */
  vectorLanes: positive.optional(),
  /** Cycles before a layer begins. */
  startCycles: z.number().nonnegative().default(0),
  /** Picojoules of one multiply-accumulate, and of one byte from a buffer and from memory. Default: Horowitz's table for int8. */
  picojoules: z.strictObject({ mac: positive, sramByte: positive, dramByte: positive }).default(picojoulesOf('int8')),
  memoryBytes: positive.optional(),
});

export type SystolicProfile = Readonly<z.infer<typeof systolicSchema>>;
