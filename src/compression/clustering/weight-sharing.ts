import { z } from 'zod';
import { type Technique, type TechniqueContext, type TechniqueResult, unless, withTask } from '../../technique/index.js';
import type { EpochRecord } from '../../training/index.js';
import { withEvenScales } from '../quantization/index.js';
import { epochsFor, epochsSchema, FINE_TUNING_EPOCHS, FINE_TUNING_RATE, tune, tunes, tuningLoss, untunable } from '../tuning.js';
import { shareWeights } from './share.js';

const schema = z.strictObject({
  bits: z
    .int()
    .min(1)
    .max(8)
    .default(4)
    .describe('Each weight has at most 2^bits different numbers. Up to 4 bits, a code takes half a byte, else a byte.'),
  tuning: z
    .enum(['distill', 'train', 'none'])
    .default('none')
    .describe(
      "How quality is won back, by training the palettes: by the model's own answers before and the labels, by the labels alone, or not at all.",
    ),
  epochs: epochsSchema(FINE_TUNING_EPOCHS),
  learningRate: z.number().positive().default(FINE_TUNING_RATE).describe('Largest learning rate of tuning (Adam, one cycle).'),
  exclude: z.array(z.string()).default([]).describe('Names of weights that stay as they are.'),
});

export type WeightSharingOptions = z.infer<typeof schema>;

/** Stores each weight as a palette and codes; see `shareWeights`. Tuning trains the palettes in the graph that ships: all weights of a colour move together. */
export const weightSharing: Technique<WeightSharingOptions> = {
  name: 'weight-sharing',
  title: 'Weight sharing',
  summary:
    'Stores each matrix and kernel as a palette of few numbers and a short code for each weight; runtimes look them up when they load it.',
  source: 'Han et al. 2016, "Deep Compression", ICLR, arXiv 1510.00149',
  effects: ['shrink'],
  order: 'cluster',
  // It would look the codes up and round anew: what is shared is stored as integers already.
  excludes: ['quantize'],
  schema,
  needs: { data: tunes, gradients: tunes, runtime: tunes, stepCost: 1.4, training: 0.25 },
  example: { bits: 4 },
  label: ({ bits, tuning }) => [`${2 ** bits} shared weights`, ...unless('none', tuning, 'tuned')],
  space: (_model, _task, { trainable }) => ({
    bits: { type: 'categorical', choices: [2, 3, 4, 8] },
    tuning: { type: 'categorical', choices: trainable ? ['none', 'distill'] : ['none'] },
  }),
  usual: (_model, _task, { trainable }) => [{ point: { bits: 4, tuning: trainable ? 'distill' : 'none' }, late: true }],
  sketch: (options) => ({ ...options, tuning: 'none' }),
  apply,
};

async function apply(handed: TechniqueContext, options: WeightSharingOptions): Promise<TechniqueResult> {
  const { context, remarks: moved } = await withEvenScales(handed);
  const { model, weights, remark } = shareWeights(context.model, options);
  const given = tunes(options) ? withTask(context, 'Tuning of shared weights') : undefined;
  const obstacle = given && (await untunable(given));
  const { learningRate, tuning } = options;
  const tuned =
    given && !obstacle
      ? await tune(given, {
          name: 'weight-sharing',
          model,
          loss: await tuningLoss(given, tuning),
          options: {
            epochs: options.epochs ?? epochsFor(given.task, FINE_TUNING_EPOCHS),
            learningRate,
            seed: context.seed,
            evaluateEvery: 0,
          },
        })
      : { model, history: [] as EpochRecord[] };
  const remarks = [...moved, remark, obstacle].filter((text) => text !== undefined);
  for (const text of remarks) context.onMessage?.({ level: 'warning', text });
  const facts = {
    sharedWeights: weights.length,
    numbers: weights.reduce((sum, { numbers }) => sum + numbers, 0),
    worstError: Math.max(...weights.map(({ error }) => error)),
  };
  return { model: tuned.model, notes: { training: tuned.history, remarks, facts } };
}
