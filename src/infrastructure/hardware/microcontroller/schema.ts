import { z } from 'zod';
import { described, positive } from '../schema.js';
import { coreNames } from './cores.js';

/** A microcontroller as a JSON file describes it. */
export const microcontrollerSchema = z.strictObject({
  kind: z.literal('microcontroller'),
  ...described,
  core: z.enum(coreNames),
  clockHertz: positive,
  /** RAM for activations, and flash for the model, whose weights are read in place. */
  memoryBytes: positive,
  storageBytes: positive,
  /** Microamperes for each MHz while it computes, and volts. */
  microamperesPerMegahertz: positive,
  volts: positive.default(3.3),
});

export type MicrocontrollerProfile = Readonly<z.infer<typeof microcontrollerSchema>>;
