import { z } from 'zod';
import { dataflows } from './dataflow.js';

const positive = z.number().positive();
const cells = z.number().int().min(1).max(65_536);

/** A systolic array as a JSON file describes it. */
export const systolicSchema = z.strictObject({
  kind: z.literal('systolic'),
  name: z.string().min(1),
  title: z.string().min(1),
  source: z.string().min(1),
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
  picojoules: z
    .strictObject({ mac: positive, sramByte: positive, dramByte: positive })
    .default({ mac: 0.3, sramByte: 12.5, dramByte: 162.5 }),
  memoryBytes: positive.optional(),
});

export type SystolicProfile = Readonly<z.infer<typeof systolicSchema>>;
