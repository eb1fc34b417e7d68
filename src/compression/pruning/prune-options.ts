import { z } from 'zod';
import { epochsSchema, TUNING_RATE, USUAL_EPOCHS } from '../tuning.js';
import { MEASURES } from './measures.js';

/** What may go. */
export const STRUCTURES = ['channels', 'heads', 'blocks'] as const;

export const pruneSchema = z.strictObject({
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
  epochs: epochsSchema(USUAL_EPOCHS, { what: 'Epochs of tuning, all rounds together; half of them, at least, after the last.' }),
  learningRate: z.number().positive().default(TUNING_RATE).describe('Largest learning rate of tuning (Adam, one cycle a round).'),
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

export type PruneOptions = z.infer<typeof pruneSchema>;
