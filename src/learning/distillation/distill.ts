import { z } from 'zod';
import { freeBatch, simplify } from '../../infrastructure/compiler/index.js';
import { type TaskContext, type Technique, unless } from '../../technique/index.js';
import { DISTILLATION, type Task, train, trainable } from '../../training/index.js';
import { trainingLabel, trainingNotes, trainingSchema, trainOptions } from '../tuning/index.js';

const distillationSchema = trainingSchema.extend({
  temperature: z.number().positive().default(DISTILLATION.temperature).describe("Softens both models' scores."),
  weight: z
    .number()
    .min(0)
    .max(1)
    .default(DISTILLATION.weight)
    .describe("Share of the teacher's scores in the loss; the rest is the labels'."),
  features: z
    .array(z.strictObject({ student: z.string(), teacher: z.string(), weight: z.number().positive().default(1) }))
    .default([])
    .describe('Inner values, by name, that the student is to match as well.'),
});

type DistillOptions = z.infer<typeof distillationSchema>;

/**
 * Trains the model to answer as the original does; see `distillation` in training for the loss. The original may be any model that tells the same
 * classes apart: its inputs may have other names where each has one, its batch may be fixed, and with `originalTask` it sees the same samples prepared
 * in its own way, in another size, say.
 */
export const distill: Technique<DistillOptions, TaskContext> = {
  name: 'distill',
  title: 'Distillation',
  source: 'Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", arXiv 1503.02531',
  effects: ['improve'],
  order: 'train',
  summary: 'Trains the model to answer as the original does, teacher and student in one graph.',
  schema: distillationSchema,
  needs: { data: true, gradients: true, runtime: true, stepCost: 2 },
  example: { epochs: 5, temperature: 2 },
  label: (options) => [
    'distill',
    ...trainingLabel(options),
    ...unless(DISTILLATION.temperature, options.temperature, `T ${options.temperature}`),
  ],
  space: () => ({
    temperature: { type: 'categorical', choices: [2, 4, 8] },
    weight: { type: 'categorical', choices: [0.5, 0.7, 0.9] },
    learningRate: { type: 'float', low: 0.0003, high: 0.01, log: true },
  }),
  apply: async (context, { temperature, weight, features, ...training }) => {
    const { checkpoints, task, originalTask, runtime } = context;
    // It sees the student's batches, whatever it was exported for. What it is asked for inside must still be there; else it may be quicker.
    const seen = await trainable(context.original ?? context.model, originalTask ?? task, runtime);
    const free = await freeBatch(seen, runtime);
    const teacher = features.length === 0 ? await simplify(free, runtime) : free;
    const result = await train({
      ...context,
      otherFeeds: originalTask && preparesAlike(originalTask, task) ? undefined : originalTask?.feeds,
      loss: task.distillation(teacher, { temperature, weight, features, teacherOutput: originalTask?.outputs[0] }),
      options: trainOptions(training, context.seed),
      resume: await checkpoints?.load('distill'),
      onCheckpoint: (checkpoint) => checkpoints?.save('distill', checkpoint),
    });
    return { model: result.model, notes: trainingNotes(result) };
  },
};

/** Whether samples become inputs in the same way, whatever these are called: then teacher and student can share them. */
function preparesAlike(a: Task, b: Task): boolean {
  const ways = ({ feeds }: Task) => JSON.stringify(feeds.map(({ from, preprocess }) => [from, { ...preprocess, name: undefined }]));
  return ways(a) === ways(b);
}
