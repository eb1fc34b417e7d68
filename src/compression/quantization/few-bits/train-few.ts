import type { Tensor } from '../../../onnx/index.js';
import type { TaskContext, TechniqueNotes, TechniqueResult } from '../../../technique/index.js';
import { type LossBuilder, type TrainOptions, type TrainResult, train, withWeights } from '../../../training/index.js';
import { keepBetter } from '../kept.js';
import { nothingToQuantize } from '../nothing.js';
import { type Bits, type Blocked, gridOf, type Rows } from './block-grid.js';
import { type FewBits, type FewLayer, withBlocks } from './few-layers.js';
import { type Learned, type LearnedModel, onLearnedGrid, stepRate, ternaryScale, withLearnedSteps } from './learned-steps.js';
import { prepareFewBits, writeFewBits } from './prepare-few.js';
import { inRows } from './sites.js';

/** Weights that are trained in fewer than 8 bits; what is computed stays in floating point. */
export type FewType = 'int4' | 'int2' | 'ternary';

export interface FewTraining {
  weightType: FewType;
  blockSize: number;
  exclude: readonly string[];
  /** Whether channels of wildly different scale are evened out first. */
  even: boolean;
  /** At most so many samples for rounding without training, which the result is compared with. */
  samples: number;
  training: TrainOptions;
  loss?: LossBuilder;
}

const BITS: Readonly<Record<FewType, Bits>> = { int4: 4, int2: 2, ternary: 2 };

/**
 * Quantization-aware training of weights in 4 or 2 bits, or ternary ones, with learned steps. The result is what is better on the validation part: this, or the
 * same bits by GPTQ without training.
 */
export async function trainFewBits(context: TaskContext, options: FewTraining): Promise<TechniqueResult> {
  const { model: source, task, runtime, threads, signal, seed } = context;
  const { weightType, blockSize, exclude, samples, even } = options;
  const bits = BITS[weightType];
  const common = { blockSize, exclude, samples, even, task, seed, threads, signal, widths: [bits] };
  const few = await prepareFewBits(source, runtime, { ...common, rounding: 'gptq' });
  if (few.layers.length === 0) throw nothingToQuantize(source);
  const starts = startsOf(few, weightType);
  const plain = weightType === 'ternary' ? withBlocks(few, bits, (layer) => blockedIn(starts.get(layer)?.start)) : few;
  const untrained = writeFewBits(plain, () => bits);
  if (options.training.epochs === 0) return { model: untrained, notes: { remarks: few.remarks.slice() } };
  const simulated = withLearnedSteps(few, starts);
  const result = await trainSteps(context, options, simulated);
  const trained = writeFewBits(bake(few, bits, simulated, result), () => bits);
  const kept = await keepBetter(context, { untrained, trained });
  const without = weightType === 'ternary' ? 'to the nearest' : 'by gptq';
  const notes: TechniqueNotes = {
    training: result.history,
    remarks: kept.isTrained
      ? few.remarks.slice()
      : [...few.remarks, `Training did not make the model better than rounding ${without}, which is kept.`],
    facts: { quantizedLayers: few.layers.length, trainedLayers: simulated.learned.length, ...kept.facts },
  };
  return { model: kept.model, notes };
}

/** Grids that training starts from: those of least error without looking at data, with the weights as they are. */
function startsOf(few: FewBits, weightType: FewType): Map<FewLayer, { start: Blocked; levels: number }> {
  const bits = BITS[weightType];
  return new Map(
    few.layers.flatMap((layer) => {
      const form = layer.forms.get(bits)?.blocked;
      if (!form) return [];
      if (weightType !== 'ternary') return [[layer, { start: form, levels: 2 ** bits }] as const];
      const { weight } = layer.site;
      const start = ternary(weight, form.grid.blockSize);
      return [[layer, { start, levels: 3 }] as const];
    }),
  );
}

function ternary(weight: Rows, blockSize: number): Blocked {
  const grid = gridOf(weight, 2, blockSize, ternaryScale);
  return onLearnedGrid(weight, { start: { grid, integers: new Uint8Array() }, levels: 3 }, grid.scales);
}

async function trainSteps(context: TaskContext, { training, loss }: FewTraining, simulated: LearnedModel): Promise<TrainResult> {
  const { checkpoints } = context;
  const rateFactors = simulated.learned.map(({ layer, steps, start }) => ({
    match: steps,
    factor: stepRate(layer.site.weight.values, start.grid.scales),
  }));
  return train({
    ...context,
    model: simulated.model,
    loss,
    simulateQuantization: true,
    options: { ...training, seed: context.seed, keepBest: true, freeze: [...simulated.fixed], rateFactors },
    resume: await checkpoints?.load('quantize-aware-train'),
    onCheckpoint: (checkpoint) => checkpoints?.save('quantize-aware-train', checkpoint),
  });
}

/** The model with what was trained: weights on their grids, and all others as they are now. */
function bake(few: FewBits, bits: Bits, { learned }: LearnedModel, result: TrainResult): FewBits {
  const found = new Map(
    [...result.model.graph.initializers].flatMap(({ name, initializer }) => (initializer ? [[name, initializer]] : [])),
  );
  const own = new Map(learned.map((each) => [each.layer, each]));
  const onSteps = new Set(learned.map(({ weight }) => weight));
  const others = result.parameters.flatMap((name): [string, Tensor][] => {
    const tensor = found.get(name);
    return tensor && !onSteps.has(name) ? [[name, tensor]] : [];
  });
  const blocks = withBlocks(few, bits, (layer) => {
    const { weight = '', steps = '', ...grid } = own.get(layer) ?? {};
    const [values, scales] = [found.get(weight)?.toFloat32(), found.get(steps)?.toFloat32()];
    const { site } = layer;
    return blockedIn(values && scales && onLearnedGrid({ ...site.weight, values: inRows(site, values) }, grid as Learned, scales));
  });
  return { ...blocks, model: withWeights(few.model, new Map(others)) };
}

function blockedIn(blocked: Blocked | undefined): { blocked: Blocked } | undefined {
  return blocked && { blocked };
}
