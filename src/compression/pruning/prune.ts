import { z } from 'zod';
import { percent, type Technique, unless } from '../../technique/index.js';
import { tuningSpace, USUAL_TUNING } from '../tuning.js';
import { MEASURES } from './measures.js';
import { Pruning, STRUCTURES, wantsData, wantsGradients } from './pruning.js';

const pruneSchema = z.strictObject({
  keep: z.number().gt(0).lt(1).default(0.5).describe('Fraction of the cost that is kept.'),
  target: z
    .enum(['macs', 'parameters', 'bytes', 'activations'])
    .default('macs')
    .describe('The cost: multiply-accumulates of one run, learned numbers, bytes of weights, or bytes of all that a run makes.'),
  importance: z
    .enum(MEASURES)
    .default('magnitude')
    .describe(
      'What counts as mattering: the norm of the weights; how much the loss would change without them, by its slope (taylor) or the square of it in each sample (fisher); the scale of the batch normalization; or how well the next layer can do without them (reconstruction: data only, and what stays makes up for what goes).',
    ),
  structure: z
    .array(z.enum(STRUCTURES))
    .min(1)
    .default(['channels', 'heads'])
    .describe(
      'What may go: channels of layers, whole heads of attentions, residual branches (blocks). Without heads, attentions lose a part of each head.',
    ),
  blockChange: z
    .number()
    .gt(0)
    .default(0.05)
    .describe("Share of the outputs' variance that may change by the loss of blocks, where channels or heads may go as well."),
  rounds: z.int().min(1).max(20).default(3).describe('Prune a bit, tune, prune on: so many times. At most as many as there are epochs.'),
  tuning: z
    .enum(['distill', 'train', 'none'])
    .default('distill')
    .describe("How quality is won back: by the unpruned model's answers and the labels, by the labels alone, or not at all."),
  epochs: z.int().min(0).default(10).describe('Epochs of tuning, all rounds together; half of them, at least, after the last.'),
  learningRate: z.number().positive().default(0.001).describe('Largest learning rate of tuning (Adam, one cycle a round).'),
  minChannels: z.int().min(1).default(4).describe('Fewest channels that a layer keeps.'),
  maxLayerFraction: z.number().gt(0).max(1).default(0.9).describe('Largest fraction of a layer that goes.'),
  multipleOf: z
    .union([z.literal('auto'), z.int().min(1)])
    .default('auto')
    .describe('Layers come in multiples of so many channels, as processors like it; auto: 8 from 64 channels on, 4 from 16 on, else 1.'),
  exclude: z
    .array(z.string())
    .default([])
    .describe('Names of nodes that keep the size of their outputs, and of weights that keep their shapes.'),
  batches: z.int().min(1).default(8).describe('Batches of training data that importance by taylor or fisher looks at.'),
});

export { epochsPerRound } from './pruning.js';

export type PruneOptions = z.infer<typeof pruneSchema>;

/** Removes the channels, heads or blocks that matter least, so that the graph physically shrinks, and tunes what is left. */
export const prune: Technique<PruneOptions> = {
  name: 'prune',
  title: 'Structured pruning',
  source:
    'Fang et al. 2023, "DepGraph: Towards Any Structural Pruning", CVPR, arXiv 2301.12900; scores: Lee et al. 2021, ICLR, arXiv 2010.07611; Molchanov et al. 2019, CVPR, arXiv 1906.10771; Theis et al. 2018, arXiv 1801.05787; Liu et al. 2017, ICCV, arXiv 1708.06519; He et al. 2017, ICCV, arXiv 1707.06168; blocks: Men et al. 2024, arXiv 2403.03853',
  effects: ['shrink'],
  order: 'prune',
  summary: 'Removes the channels, heads or blocks that matter least, so that the graph physically shrinks, and tunes what is left.',
  schema: pruneSchema,
  needs: {
    data: (options) => wantsData(options),
    gradients: (options) => wantsGradients(options),
    runtime: (options) => wantsData(options),
  },
  example: { keep: 0.5 },
  label: ({ keep, target, importance, tuning, structure }) => [
    `prune to ${percent(keep)}`,
    ...(structure.includes('blocks') ? ['blocks'] : []),
    ...unless('macs', target, `of ${target}`),
    ...unless('magnitude', importance, importance),
    ...unless('distill', tuning, tuning === 'none' ? 'untuned' : tuning),
  ],
  space: (_model, _task, { trainable }) => ({
    keep: { type: 'float', low: 0.1, high: 0.9, step: 0.1 },
    importance: { type: 'categorical', choices: trainable ? ['magnitude', 'taylor', 'reconstruction'] : ['magnitude', 'reconstruction'] },
    ...tuningSpace(trainable),
  }),
  usual: (_model, _task, { trainable }) =>
    trainable
      ? [{ point: { keep: 0.5, ...USUALLY } }, { point: { keep: 0.7, ...USUALLY } }, { point: { keep: 0.3, ...USUALLY }, bold: true }]
      : [{ point: { keep: 0.9, importance: 'magnitude', tuning: 'none' } }],
  apply: async (context, options) => new Pruning(context, options).run(),
};

const USUALLY = { importance: 'magnitude', ...USUAL_TUNING };
