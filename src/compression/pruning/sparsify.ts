import { z } from 'zod';
import { UnsupportedError } from '../../base/index.js';
import type { Model, Tensor } from '../../onnx/index.js';
import { percent, type TaskContext, type Technique, type TechniqueNotes, unless, withTask } from '../../technique/index.js';
import { type StepControl, withWeights } from '../../training/index.js';
import { liftedWeights, openCopy } from '../open-copy.js';
import { whereWeightsAre, withEvenScales } from '../quantization/index.js';
import { epochsFor, epochsSchema, TUNING_RATE, tune, tunes, tuningLoss, USUAL_EPOCHS, untunable } from '../tuning.js';
import { inFloats } from './in-floats.js';
import { MaskChooser } from './mask-chooser.js';
import { masked, maskOf, sparsifiable, withMasks } from './masks.js';
import { sparseGpt } from './sparsegpt.js';
import { EVEN } from './wanda.js';

const sparsifySchema = z
  .strictObject({
    sparsity: z.number().gt(0).lt(1).default(0.8).describe('Fraction of all weights of matrices and kernels that becomes zero.'),
    importance: z
      .enum(['magnitude', 'wanda', 'sparsegpt'])
      .default('magnitude')
      .describe(
        'What a weight counts: its magnitude, or that times the norm of what it multiplies, each output by itself (wanda: data only); sparsegpt: what others cannot make up for, which do; its zeros are there before any training (data only).',
      ),
    pattern: z
      .enum(['unstructured', '2:4'])
      .default('unstructured')
      .describe('Where zeros may be: anywhere, or two of every four neighbouring input channels, whatever the sparsity asked for.'),
    ranking: z
      .enum(['lamp', 'magnitude'])
      .default('lamp')
      .describe(
        'How weights of different layers compare: by their share of their layer (LAMP), or by plain magnitude (importance magnitude and sparsegpt, unstructured).',
      ),
    tuning: z
      .enum(['distill', 'train', 'none'])
      .default('distill')
      .describe("Training while weights go: by the dense model's answers and the labels, by the labels alone, or none: all go at once."),
    epochs: epochsSchema(USUAL_EPOCHS, { what: 'Epochs of training.' }),
    begin: z.number().min(0).max(1).default(0).describe('When the first weights go, as a fraction of the training.'),
    end: z.number().min(0).max(1).default(0.6).describe('When the last weights go, as a fraction of the training.'),
    learningRate: z.number().positive().default(TUNING_RATE).describe('Largest learning rate (Adam, one cycle).'),
    minLayerDensity: z.number().min(0).max(1).default(0.01).describe('Fraction of each layer that stays, at least.'),
  })
  .refine(({ begin, end }) => begin <= end, { message: 'The schedule must not end before it begins', path: ['end'] });

export type SparsifyOptions = z.infer<typeof sparsifySchema>;

/** Whether it looks at data. */
function looks(options: SparsifyOptions): boolean {
  return tunes(options) || options.importance !== 'magnitude';
}

/** How often the masks change between `begin` and `end`. */
const UPDATES = 20;

/** Makes the weights that matter least zero, more and more of them while the model is trained. */
export const sparsify: Technique<SparsifyOptions> = {
  name: 'sparsify',
  title: 'Unstructured sparsity',
  source:
    'Zhu and Gupta 2017, "To prune, or not to prune", arXiv 1710.01878; scores: Lee et al. 2021, ICLR, arXiv 2010.07611; Sun et al. 2023, "Wanda", arXiv 2306.11695; Frantar and Alistarh 2023, "SparseGPT", arXiv 2301.00774; 2:4: Mishra et al. 2021, arXiv 2104.08378',
  effects: ['shrink'],
  order: 'sparsify',
  summary: 'Makes the weights that matter least zero while the model is trained; the file shrinks where it is compressed.',
  schema: sparsifySchema,
  needs: { data: looks, gradients: tunes, runtime: looks },
  example: { sparsity: 0.8 },
  label: ({ sparsity, pattern, importance }) => [
    pattern === '2:4' ? '2:4 zeros' : `${percent(sparsity)} zeros`,
    ...unless('magnitude', importance, importance),
  ],
  // Zeros make a download smaller, which no search trades quality for, and neither the file nor a run.
  space: () => undefined,
  sketch: (options) => ({ ...options, tuning: 'none' }),
  apply: async (handed, options) => {
    const { context: handedFloats, remarks, restored } = inFloats(handed);
    const { context: floats, remarks: moved } = await withEvenScales(handedFloats);
    remarks.push(...moved);
    // Branches are not trained.
    const dense = tunes(options) ? floats : { ...floats, model: liftedWeights(floats.model) };
    const solved = options.importance === 'sparsegpt' ? await sparseGpt(dense, options) : undefined;
    const context = solved ? { ...dense, model: solved.model } : dense;
    remarks.push(...(solved?.remarks ?? []));
    if (options.pattern === '2:4' && options.sparsity !== EVEN)
      remarks.push(`The pattern 2:4 makes half of the weights zero: a sparsity of ${percent(options.sparsity)} does not count beside it.`);
    remarks.push('Zeros take as much room as other numbers until the file is compressed: look at the bytes to download.');
    const given = tunes(options) ? withTask(context, 'Training with zeros') : undefined;
    const obstacle = given && (await untunable(given));
    if (obstacle) remarks.push(obstacle);
    const chooser = await MaskChooser.of(context, options);
    remarks.push(...chooser.remarks);
    const trained = given && !obstacle ? await trainSparse(given, options, chooser) : { weights: new Map<string, Tensor>(), history: [] };
    const model = restored(sparseModel(withWeights(openCopy(context.model), trained.weights), chooser));
    const notes: TechniqueNotes = { training: trained.history, remarks, facts: { sparsity: sparsityOf(model) } };
    return { model, notes };
  },
};

/**
 * Trains with masks in the graph, so that what a step computes is what the sparse model would; the masks cover more and more of the weights.
 */
async function trainSparse(context: TaskContext, options: SparsifyOptions, chooser: MaskChooser) {
  const model = withMasks(context.model);
  const names = [...sparsifiable(context.model).keys()];
  const { epochs = epochsFor(context.task, USUAL_EPOCHS), learningRate } = options;
  const tuned = await tune(context, {
    name: 'sparsify',
    model,
    loss: await tuningLoss(context, options.tuning),
    options: { epochs, learningRate, seed: context.seed, evaluateEvery: 0 },
    held: names.map(maskOf),
    beforeStep: (control) => updateMasks(control, names, options, chooser),
  });
  const all = new Map([...tuned.model.graph.initializers].map((value) => [value.name, value.initializer as Tensor]));
  for (const name of names) all.set(name, masked(all.get(name) as Tensor, all.get(maskOf(name)) as Tensor));
  return { weights: all, history: tuned.history };
}

async function updateMasks(
  { step, steps, weights, hold }: StepControl,
  names: readonly string[],
  options: SparsifyOptions,
  chooser: MaskChooser,
): Promise<void> {
  const holdAll = (masks: ReadonlyMap<string, Tensor>) => hold(new Map(names.map((name) => [maskOf(name), masks.get(name) as Tensor])));
  if (chooser.fixed) {
    if (step === 0) await holdAll(chooser.fixed);
    return;
  }
  const sparsity = scheduledSparsity(step, steps, { ...options, sparsity: chooser.sparsity });
  if (sparsity === undefined) return;
  const now = await weights();
  const effective = new Map(names.map((name) => [name, masked(now.get(name) as Tensor, now.get(maskOf(name)) as Tensor)]));
  await holdAll(chooser.masks(effective, sparsity));
}

/**
 * The sparsity to bring the masks to before a step: s · (1 - (1 - t)³) with t the fraction of the way from `begin` to `end` (Zhu and Gupta
 * 2017), at 20 steps on that way; undefined at the others, where masks stay.
 */
export function scheduledSparsity(
  step: number,
  steps: number,
  { sparsity, begin, end }: Pick<SparsifyOptions, 'sparsity' | 'begin' | 'end'>,
): number | undefined {
  const [first, last] = [Math.floor(begin * (steps - 1)), Math.floor(end * (steps - 1))];
  if (step < first || step > last) return undefined;
  const every = Math.max(1, Math.floor((last - first) / UPDATES));
  if (step !== last && (step - first) % every !== 0) return undefined;
  const progress = last === first ? 1 : (step - first) / (last - first);
  return sparsity * (1 - (1 - progress) ** 3);
}

/** Makes the lowest weights of a model zero, in place. @throws UnsupportedError where it has no weights that could be. */
function sparseModel(model: Model, chooser: MaskChooser): Model {
  const weights = sparsifiable(model);
  if (weights.size === 0) {
    throw new UnsupportedError({
      what: 'There is no weight that could become sparse',
      where: model.source,
      expected: 'a float32 matrix or kernel; those inside of If, Loop and Scan without tuning only',
      got: whereWeightsAre(model),
    });
  }
  const masks = chooser.masks(weights, chooser.sparsity);
  for (const value of model.graph.initializers) {
    const [weight, mask] = [weights.get(value.name), masks.get(value.name)];
    if (weight && mask) value.initializer = masked(weight, mask);
  }
  return model;
}

/** Fraction of the weights of matrices and kernels that are zero. */
export function sparsityOf(model: Model): number {
  const weights = [...sparsifiable(model).values()].map((tensor) => tensor.data() as Float32Array);
  const zeros = weights.reduce((sum, numbers) => sum + numbers.reduce((count, number) => count + Number(number === 0), 0), 0);
  return zeros / weights.reduce((sum, numbers) => sum + numbers.length, 0);
}
