import { z } from 'zod';
import { augmentationKinds } from '../data/index.js';

/** An augmentation by its name; its own options are checked when the training begins. */
export const augmentationSchema = z.looseObject({
  name: z.string().refine((name) => augmentationKinds().has(name), {
    error: ({ input }) => `There is no augmentation ${JSON.stringify(input)}, but ${[...augmentationKinds().keys()].join(', ')}`,
  }),
});
