import { z } from 'zod';
import { augmentationSchema, type TaskContext, type Technique, unless } from '../../technique/index.js';
import { LOSSES, OPTIMIZERS, type TrainOptions, train, usualRate } from '../../training/index.js';
import { trainingNotes } from './notes.js';

/** Options of `train` as recipes store them. */
export const trainingSchema = z.strictObject({
  epochs: z.int().min(1).default(10).describe('Passes over the training part.'),
  batchSize: z.int().min(1).default(128).describe('Samples a step.'),
  accumulate: z
    .int()
    .min(1)
    .optional()
    .describe('Equal parts of a batch that go through one after the other, for large batches in little memory. Default: 1.'),
  maxMemory: z
    .number()
    .positive()
    .optional()
    .describe('Most bytes that a step may need, by prediction; activations are computed again rather than kept. Default: all are kept.'),
  optimizer: z.enum(OPTIMIZERS).default('adam').describe('Update rule; sgd has Nesterov momentum 0.9.'),
  learningRate: z
    .number()
    .positive()
    .optional()
    .describe(`Largest learning rate. Default: ${OPTIMIZERS.map((kind) => `${usualRate(kind)} for ${kind}`).join(', ')}.`),
  schedule: z
    .enum(['one-cycle', 'cosine', 'linear', 'constant'])
    .optional()
    .describe('How the learning rate moves. Default: one-cycle; constant after a warmup for the schedule-free optimizers.'),
  weightDecay: z.number().min(0).default(0).describe('On matrices and kernels, per step relative to the learning rate.'),
  clipNorm: z.number().positive().optional().describe("Limit of the gradients' joint norm. Default: none."),
  samRadius: z.number().positive().optional().describe('Radius of sharpness-aware minimization; steps take twice as long. Default: none.'),
  labelSmoothing: z.number().min(0).lt(1).default(0).describe('Share of each label that is spread over all classes.'),
  ema: z.number().gt(0).lt(1).optional().describe('Factor of a moving average of the weights, which is then kept. Default: none.'),
  augment: z.array(augmentationSchema).default([]).describe('Changes to each training batch, in order.'),
  loss: z.enum(LOSSES).optional().describe("One of the task's losses. Default: its first."),
  balanceClasses: z.boolean().default(false).describe('Weigh the loss of rare classes up until every class counts alike.'),
  balanced: z.boolean().default(false).describe('Draw as many samples of each class, rare ones repeatedly.'),
  freeze: z.array(z.string()).default([]).describe('Names of weights that stay as they are; * stands for any characters.'),
  freezeDepth: z.number().min(0).max(1).optional().describe('Share of the layers that stay as they are, the first ones. Default: 0.'),
  rateFactors: z
    .array(z.strictObject({ match: z.string(), factor: z.number().positive() }))
    .optional()
    .describe('Factors of the learning rate for weights by name, as in freeze; the first that fits counts. Default: none.'),
  freezeStatistics: z.boolean().default(false).describe('Leave the running statistics of batch normalizations as they are.'),
  patience: z
    .int()
    .min(1)
    .optional()
    .describe('Stop after so many epochs without a better validation quality, and keep the best. Default: never.'),
});

export type TrainingOptions = z.infer<typeof trainingSchema>;

/** Recipe options as the training loop takes them. */
export function trainOptions(options: TrainingOptions, seed: number): TrainOptions {
  const { optimizer, schedule, augment, ...rest } = options;
  return {
    ...rest,
    augment: augment as TrainOptions['augment'],
    optimizer: { kind: optimizer },
    schedule: schedule && { kind: schedule },
    seed,
  };
}

/** What tells one training from another at a glance. */
export function trainingLabel({ augment, labelSmoothing }: TrainingOptions): string[] {
  return [...augment.map(({ name }) => name), ...unless(0, labelSmoothing, 'smoothed')];
}

/** Trains the model on the task's training part: labels for classifiers, the original's outputs otherwise. */
export const trainTechnique: Technique<TrainingOptions, TaskContext> = {
  name: 'train',
  title: 'Training',
  source: 'Smith and Topin 2018, "Super-Convergence", arXiv 1708.07120 (one cycle); Kingma and Ba 2015, ICLR, arXiv 1412.6980 (Adam)',
  effects: ['improve'],
  order: 'train',
  summary: 'Trains or fine-tunes every weight on the training part.',
  schema: trainingSchema,
  needs: { data: true, gradients: true, runtime: true, stepCost: 1.5 },
  example: { epochs: 5 },
  label: (options) => ['train', ...trainingLabel(options)],
  space: () => ({
    learningRate: { type: 'float', low: 0.0003, high: 0.03, log: true },
    labelSmoothing: { type: 'categorical', choices: [0, 0.1] },
  }),
  apply: async (context, options) => {
    const { checkpoints } = context;
    const result = await train({
      ...context,
      options: trainOptions(options, context.seed),
      resume: await checkpoints?.load('train'),
      onCheckpoint: (checkpoint) => checkpoints?.save('train', checkpoint),
    });
    return { model: result.model, notes: trainingNotes(result) };
  },
};
