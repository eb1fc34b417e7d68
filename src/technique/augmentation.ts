import { z } from 'zod';
import { EspalierError } from '../base/index.js';
import { augmentationKinds, pipeline } from '../data/index.js';

/** An augmentation by its name, with options that it has: what the kind itself says of them is what counts. */
export const augmentationSchema = z
  .looseObject({
    name: z.string().refine((name) => augmentationKinds().has(name), {
      error: ({ input }) => `There is no augmentation ${JSON.stringify(input)}, but ${[...augmentationKinds().keys()].join(', ')}`,
      abort: true,
    }),
  })
  .superRefine((step, context) => {
    try {
      pipeline([step]);
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  });
