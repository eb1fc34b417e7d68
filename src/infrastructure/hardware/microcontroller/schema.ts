import { z } from 'zod';

const positive = z.number().positive();

/** A microcontroller as a JSON file describes it. */
export const microcontrollerSchema = z.strictObject({
  kind: z.literal('microcontroller'),
  name: z.string().min(1),
  title: z.string().min(1),
  source: z.string().min(1),
  core: z.enum(['cortex-m4', 'cortex-m7', 'cortex-m0plus']),
  clockHertz: positive,
  /** RAM for activations, and flash for the model, whose weights are read in place. */
  memoryBytes: positive,
  storageBytes: positive,
  /** Microamperes for each MHz while it computes, and volts. */
  microamperesPerMegahertz: positive,
  volts: positive.default(3.3),
});

export type MicrocontrollerProfile = Readonly<z.infer<typeof microcontrollerSchema>>;
