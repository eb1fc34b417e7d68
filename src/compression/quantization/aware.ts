import { z } from 'zod';
import { OptionError } from '../../base/index.js';
import type { Model, Tensor } from '../../onnx/index.js';
import {
  augmentationSchema,
  betterTeacher,
  type TaskContext,
  type Technique,
  type TechniqueNotes,
  type TechniqueResult,
} from '../../technique/index.js';
import { type LossBuilder, type TrainOptions, type TrainResult, train, trainable, withWeights } from '../../training/index.js';
import { epochsFor, epochsSchema, FINE_TUNING_EPOCHS, FINE_TUNING_RATE } from '../tuning.js';
import { type IntegerType, SMALLEST_SCALE } from './affine.js';
import { withWhole } from './candidates.js';
import { stepRate } from './few-bits/learned-steps.js';
import { trainFewBits } from './few-bits/train-few.js';
import { keepBetter } from './kept.js';
import { nothingToQuantize } from './nothing.js';
import { type Prepared, writePrepared } from './prepared.js';
import { prepareStatic } from './static.js';
import type { WeightGrid } from './weights.js';
import { type WrittenModel, writeQuantized } from './write.js';

/** Weights move from one level to the next where there are only three or four: that takes larger steps than staying near one. */
const COARSE_RATE = 4 * FINE_TUNING_RATE;

/** Ranges are looked for where no size depends on them. */
const SKETCHED = { samples: 50, equalize: 'never', smooth: 'never' } as const;

const when = z.enum(['auto', 'always', 'never']).default('auto');

const schema = z.strictObject({
  epochs: epochsSchema(FINE_TUNING_EPOCHS, { what: 'Passes over the training part; 0: as calibrated.' }),
  learningRate: z
    .number()
    .positive()
    .optional()
    .describe(
      `Largest learning rate (Adam, one cycle). Default: ${FINE_TUNING_RATE}; ${COARSE_RATE} for weights of 2 bits and ternary ones`,
    ),
  batchSize: z.int().min(1).default(128).describe('Samples a step'),
  calibration: z
    .enum(['min-max', 'percentile', 'entropy', 'mse'])
    .default('mse')
    .describe('How the ranges of activations are chosen; they stay fixed while weights are trained'),
  percentile: z.number().gt(50).max(100).default(99.99).describe('How much of the values the range holds, in percent (percentile)'),
  samples: z.int().min(1).default(500).describe('At most this many calibration samples'),
  perChannel: z.boolean().default(true).describe('One weight scale for each output channel rather than one for all'),
  weightType: z
    .enum(['int8', 'uint8', 'int4', 'int2', 'ternary'])
    .default('int8')
    .describe('Type of the weights; int2 and ternary (-1, 0 and 1 times a step) go with activations in float32'),
  activationType: z
    .enum(['uint8', 'int8', 'float32'])
    .default('uint8')
    .describe('Type of the activations; float32: only weights are rounded, in blocks of 4 or 2 bits'),
  blockSize: z.int().min(16).default(32).describe('Neighbouring weights that share a step, where activations stay float32: a power of two'),
  reduceRange: z
    .union([z.boolean(), z.literal('auto')])
    .default('auto')
    .describe('Weights of 7 bits, for x86 processors without VNNI; auto: where this machine needs it'),
  distill: z
    .boolean()
    .default(true)
    .describe(
      'Learn from the scores of the float model, or of the original where that is better, as well as from the labels (classifiers)',
    ),
  temperature: z.number().positive().default(2).describe('Softens the scores that are learnt from'),
  weight: z.number().min(0).max(1).default(0.7).describe('Share of these scores in the loss'),
  augment: z.array(augmentationSchema).default([]).describe('Changes to each training batch, in order'),
  equalize: when.describe(
    'Move scales between layers first; auto: where all quantized loses too much without training, if it then loses less',
  ),
  smooth: when.describe('Move scales of activations with outlier channels into the layers that read them first; auto: as equalize'),
  exclude: z.array(z.string()).default([]).describe('Nodes to leave in float, by name'),
});

export type AwareOptions = z.infer<typeof schema>;

/**
 * Quantization-aware training (Jacob et al. 2018, arXiv 1712.05877) of the graph that ships: static quantization first, then training with
 * weights and activations rounded in the forward pass and gradients passed straight through. Batch normalization is folded into the layers
 * before. Scales of activations stay as calibration found them; those of weights, one for each channel, are trained (LSQ, Esser et al. 2020,
 * arXiv 1902.08153). Weights of 4 bits and fewer may be trained alone, in blocks. The epoch with the best validation quality is kept, or no epoch where none is better.
 */
export const quantizeAwareTrain: Technique<AwareOptions, TaskContext> = {
  name: 'quantize-aware-train',
  title: 'Quantization-aware training',
  source: 'Jacob et al. 2018, CVPR, arXiv 1712.05877; Esser et al. 2020, "Learned Step Size Quantization", ICLR, arXiv 1902.08153',
  effects: ['shrink', 'improve'],
  order: 'quantize',
  summary: 'Trains the quantized graph itself, so that weights and their steps learn to live with rounding: 8, 4, 2 bits or ternary.',
  schema: schema as unknown as z.ZodType<AwareOptions>,
  needs: { data: true, gradients: true, runtime: true, training: 0.25, stepCost: 2.2 },
  example: { weightType: 'int4', epochs: 3 },
  label: ({ weightType }) => [`${weightType} trained`],
  // No convolution kernel computes with 4 bits: they make files smaller and nothing quicker.
  space: (_model, _task, { trainable, sizeOnly }) =>
    trainable ? { ...(sizeOnly && { weightType: { type: 'categorical', choices: ['int8', 'int4', 'int2'] } }) } : undefined,
  usual: (_model, _task, { sizeOnly }) => [{ point: { ...(sizeOnly && { weightType: 'int4' }) }, bold: true }],
  sketch: (options) => ({ ...options, ...SKETCHED, epochs: 0 }),
  apply,
};

async function apply(context: TaskContext, options: AwareOptions): Promise<TechniqueResult> {
  const { weightType, activationType } = options;
  if (weightType === 'int2' || weightType === 'ternary' || (weightType === 'int4' && activationType === 'float32')) {
    const { blockSize, exclude, samples, equalize } = options;
    const even = equalize !== 'never';
    const training = trainingOptions(context, options);
    return trainFewBits(context, { weightType, blockSize, exclude, samples, even, training, loss: await lossOf(context, options) });
  }
  if (activationType === 'float32')
    throw new OptionError({
      what: `Weights of type ${weightType} are trained with quantized activations`,
      fix: 'Take uint8 activations, or weights of int4, int2 or ternary.',
    });
  return trainStatic(context, { ...options, weightType, activationType });
}

function trainingOptions({ task }: TaskContext, options: AwareOptions): TrainOptions {
  const { weightType, epochs = epochsFor(task, FINE_TUNING_EPOCHS), batchSize, augment } = options;
  const isCoarse = weightType === 'int2' || weightType === 'ternary';
  const { learningRate = isCoarse ? COARSE_RATE : FINE_TUNING_RATE } = options;
  return { epochs, learningRate, batchSize, augment: augment as never };
}

type StaticAware = AwareOptions & { weightType: IntegerType; activationType: 'uint8' | 'int8' };

async function trainStatic(context: TaskContext, options: StaticAware): Promise<TechniqueResult> {
  const { model, task, runtime, threads, signal, onProgress } = context;
  const { equalize, smooth, ...calibration } = options;
  const given = { equalize, smooth };
  const chosen = (when: 'always' | 'auto') => (['equalize', 'smooth'] as const).filter((repair) => given[repair] === when);
  const always = Object.fromEntries(chosen('always').map((repair) => [repair, true]));
  const plain = await prepareStatic(model, task, runtime, { ...calibration, ...always, threads, signal, onProgress });
  const request = { prepared: plain, task, runtime, repairs: chosen('auto'), options: calibration, threads, signal, onProgress };
  const prepared = chosen('auto').length > 0 ? await withWhole(request, async ({ search }) => search.prepared) : plain;
  if (prepared.plan.layers.length === 0) throw nothingToQuantize(model);
  if (options.epochs === 0) return { model: writePrepared(prepared), notes: { remarks: prepared.repairs.slice() } };
  const simulated = writeQuantized({ ...prepared, form: 'training' });
  const result = await trainSimulated(context, options, prepared, simulated);
  const trained = bake(prepared, simulated, result);
  const untrained = writePrepared(prepared);
  const kept = await keepBetter(context, { untrained, trained });
  const notes: TechniqueNotes = {
    training: result.history,
    remarks: kept.isTrained
      ? prepared.repairs.slice()
      : [...prepared.repairs, 'Training did not make the quantized model better, so that it is kept as it was after calibration.'],
    facts: { quantizedLayers: prepared.plan.layers.length, calibrationSamples: prepared.samples, ...kept.facts },
  };
  return { model: kept.model, notes };
}

async function trainSimulated(
  context: TaskContext,
  options: AwareOptions,
  prepared: Prepared,
  simulated: WrittenModel,
): Promise<TrainResult> {
  const { checkpoints, seed } = context;
  return train({
    ...context,
    model: simulated.model,
    loss: await lossOf(context, options),
    simulateQuantization: true,
    options: {
      ...trainingOptions(context, options),
      seed,
      keepBest: true,
      freeze: addedInitializers(simulated, prepared.model),
      rateFactors: stepRates(prepared, simulated),
    },
    resume: await checkpoints?.load('quantize-aware-train'),
    onCheckpoint: (checkpoint) => checkpoints?.save('quantize-aware-train', checkpoint),
  });
}

/** Targets and a float model's answers; where there are no targets `train` follows the reference. */
async function lossOf(context: TaskContext, { distill, temperature, weight }: AwareOptions): Promise<LossBuilder | undefined> {
  const { task, runtime } = context;
  if (task.reference || !distill) return undefined;
  return task.distillation(await trainable(await betterTeacher(context), task, runtime), { temperature, weight });
}

/** Scales of activations, zero points, and the rest that is no weight and no step of one. */
function addedInitializers({ model, scales }: WrittenModel, before: Model): string[] {
  const known = new Set([...[...before.graph.initializers].map((value) => value.name), ...scales.values()]);
  return [...model.graph.initializers].map((value) => value.name).filter((name) => !known.has(name));
}

/** Factors of the learning rate for the steps of weights, by name. */
function stepRates({ model }: Prepared, { scales, grids }: WrittenModel): { match: string; factor: number }[] {
  const nodes = new Map(model.graph.nodes.map((node) => [node.name, node]));
  return [...scales].flatMap(([name, match]) => {
    const weight = nodes.get(name)?.inputs[1]?.constant;
    const steps = grids.get(name)?.scales;
    return weight && steps ? [{ match, factor: stepRate(weight.toFloat32(), steps) }] : [];
  });
}

/** The integer model of the trained weights, on the grids that they were trained with. */
function bake(prepared: Prepared, simulated: WrittenModel, result: TrainResult): Model {
  const trained = new Set(result.parameters);
  const weights = new Map<string, Tensor>();
  for (const value of result.model.graph.initializers)
    if (value.initializer && trained.has(value.name)) weights.set(value.name, value.initializer);
  const grids = [...simulated.grids].map(([node, grid]): [string, WeightGrid] => {
    const scales = weights.get(simulated.scales.get(node) ?? '')?.toFloat32();
    return [node, scales ? { ...grid, scales: scales.map((scale) => Math.max(SMALLEST_SCALE, scale)) } : grid];
  });
  return writeQuantized({ ...prepared, model: withWeights(prepared.model, weights), grids: new Map(grids) }).model;
}
