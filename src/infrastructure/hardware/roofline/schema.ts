import { z } from 'zod';
import { described, positive } from '../schema.js';

/** A device of which no more is known than how quick its arithmetic and its memory are, as a JSON file describes it. */
export const rooflineSchema = z.strictObject({
  kind: z.literal('roofline'),
  ...described,
  /** Multiply-accumulates per second that good kernels sustain, by element type. A type that is absent runs at float32's speed. */
  macsPerSecond: z.strictObject({ float32: positive, float16: positive.optional(), int8: positive.optional(), int32: positive.optional() }),
  /** Bytes per second to and from the memory that activations live in. */
  memoryBytesPerSecond: positive,
  /** The same of the memory that weights are read from. Default: as of activations. */
  weightBytesPerSecond: positive.optional(),
  /** Seconds that each layer costs before it computes anything. */
  startSeconds: z.number().nonnegative(),
  /** Bytes for activations (and for weights too, unless `weightsInStorage`), and bytes for the model file. */
  memoryBytes: positive.optional(),
  storageBytes: positive.optional(),
  /** Whether weights are read in place from storage (flash), as microcontrollers do. */
  weightsInStorage: z.boolean().default(false),
  /** Power while it computes, where it is known. */
  watts: positive.optional(),
});

export type RooflineProfile = Readonly<z.infer<typeof rooflineSchema>>;
