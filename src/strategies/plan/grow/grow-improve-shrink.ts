import { architecture as familyOf } from '../../../architectures/index.js';
import type { Point, Value } from '../../../automation/index.js';
import { OptionError } from '../../../base/index.js';
import { footprint } from '../../../infrastructure/hardware/index.js';
import { type Searched, searchedOn } from '../../../modalities/index.js';
import { ORDERS, type Recipe, type Scope, type Technique } from '../../../technique/index.js';
import type { Task } from '../../../training/index.js';
import { onlySizeLimited } from '../../criteria/limits.js';
import { type FamilyMember, trainingRecipe } from '../../recipes/base.js';
import { standInRequest } from '../../techniques/stand-in.js';
import { compose } from '../compose/compose.js';
import { NONE } from '../compose/searched.js';
import type { Plan, PlanContext, Strategy } from '../strategy.js';
import { countedLimits, fittingWidths } from './families.js';
import { breaksForCertain, type WeightType } from './fit.js';
import { growthPoints, growthSpace, OPTIMIZER_SETTINGS } from './growth-space.js';
import { Members } from './members.js';

/** Shares of a candidate's epochs that go into the tuning of a technique, and into training with rounded weights. Coarse ones take more to live with. */
const TUNING = 0.3;
const AWARE: Readonly<Record<WeightType, number>> = { int8: 0.2, int4: 0.3 };

/** Widths are fitted to files of static int8 or trained weights: dynamic quantization is slower and no smaller. */
const NARROW: Readonly<Record<string, readonly Value[]>> = {
  'quantize.mode': ['static'],
  'quantize.calibration': ['min-max', 'mse'],
  'quantize-aware-train.weightType': ['int8', 'int4'],
};

/**
 * How many times as long a multiply-accumulate takes where channels are as many as fit instead of a power of two, for which kernels are made: a step of survey-cnn ×0.573 took 3.7 times as
 * long as one of ×0.25, with 1.65 times the multiply-accumulates.
 */
const FITTED_WIDTH = 2.2;

const FOOTPRINT = ['maxSize', 'maxMacs', 'maxMemory', 'maxLatency', 'maxRam', 'maxFlash'] as const;

/**
 * Grow-improve-shrink (Menghani 2021, section 5): keep the footprint and raise the quality. A family of architectures, the given one or another,
 * is built as wide as int8 weights (int4 ones, where only the file's size counts) allow within the limits, or wider; trained with the learning techniques
 * that help, distillation from the baseline among them; and shrunk back by pruning with distillation and by quantization. Every candidate has the same epochs
 * in all, however it spends them.
 */
export const growImproveShrink: Strategy = {
  name: 'grow-improve-shrink',
  summary: 'Keeps the footprint and raises the quality: grow the architecture, train it well, prune and quantize it back.',
  plan,
  // To keep the footprint is what the strategy is for: without a limit on it, the file is to be no larger than the baseline's.
  limits: (given, baseline) =>
    FOOTPRINT.some((name) => given[name] !== undefined) ? given : { ...given, maxSize: baseline.footprint.bytes },
};

function plan(context: PlanContext): Plan {
  const { task, architecture: given, original, registry } = context;
  checkTask(task);
  const searched = searchedOn(task.splits.train.inputs[0]);
  const scope: Scope = { trainable: true, sizeOnly: onlySizeLimited(context.limits) };
  const types: readonly WeightType[] = scope.sizeOnly ? ['int8', 'int4'] : ['int8'];
  const widths = new Map(types.map((type) => [type, fittingWidths(context, type)]));
  const families = [...(widths.get('int8')?.keys() ?? [])];
  const { input: sample } = standInRequest(original, task);
  const members = new Members(context, widths);
  const whole = Math.max(1, footprint(original).macs);
  // Better at the cost of work, where work is free; smaller always.
  const after = compose({
    registry,
    model: original,
    task,
    scope,
    effects: scope.sizeOnly ? ['shrink', 'improve'] : ['shrink'],
    always: 'quantize',
    narrow: NARROW,
  });
  return {
    space: { ...growthSpace(families, searched, sample), ...after.space },
    initialPoints: growthPoints(families, searched, { fresh: given !== undefined, coarse: scope.sizeOnly, after, sample }),
    recipe: (point, epochs = context.epochs) => {
      const weightType = weightTypeOf(point);
      const steps = after.steps(point, (technique) => ({
        epochs: part(epochs, shareOf(technique, weightType)),
        augment: searched.augmentations[String(point.augment)],
      }));
      const spent = steps.reduce((sum, { options }) => sum + Number(options.epochs ?? 0), 0);
      return [
        ...growingSteps(point, members.of(point, weightType), { epochs: Math.max(1, epochs - spent), searched }),
        ...steps,
        { technique: 'minify', options: {} },
      ];
    },
    work: (point) => (members.foreseen(point, weightTypeOf(point)).macs * FITTED_WIDTH) / whole,
    admits: (point, limits) => {
      const foreseen = members.foreseen(point, weightTypeOf(point));
      return !breaksForCertain(foreseen, { ...countedLimits(context), ...limits }, keptBy(point));
    },
    remarks: leftOut(context.families ?? [], families),
  };
}

/** The type of the weights that a point's file has, as far as the width goes by it. */
function weightTypeOf(point: Point): WeightType {
  const [type] = Object.entries(point).flatMap(([key, value]) => (key.endsWith('.weightType') ? [value] : []));
  return (type ?? 'int8') as WeightType;
}

function shareOf({ order }: Technique, weightType: WeightType): number {
  return order === 'quantize' ? AWARE[weightType] : TUNING;
}

/** Epochs of a share of them: at least one, so that candidates of one or two epochs may come to three in all. */
function part(epochs: number, share: number): number {
  return Math.max(1, Math.floor(share * epochs));
}

/** What was asked for and is not searched. */
function leftOut(wanted: readonly string[], families: readonly string[]): string[] {
  const missing = wanted.filter((name) => !families.includes(name));
  return missing.map((name) => `${name} is left out: however narrow, it does not keep the limits with int8 weights.`);
}

/** @throws OptionError where a family could not stand in for the model. */
function checkTask(task: Task): void {
  if (task.width !== undefined) return;
  throw new OptionError({
    what: 'An architecture learns targets, with a number for each class, label or column',
    got: task.reference ? 'a task without labels' : `${task.title}, by an output of another form`,
    fix: 'Use shrink-and-improve, which keeps the model as it is.',
  });
}

/** The least share that the techniques behind the training leave of a model: what they keep, by their own options; of those that say nothing, an eighth. */
function keptBy(point: Point): number {
  return ORDERS.slice(ORDERS.indexOf('train') + 1, ORDERS.indexOf('quantize')).reduce((kept, order) => {
    const name = point[order];
    if (name === undefined || name === NONE) return kept;
    const keep = point[`${name}.keep`];
    return kept * (typeof keep === 'number' ? keep : 1 / 8);
  }, 1);
}

function growingSteps(point: Point, size: FamilyMember, { epochs, searched }: { epochs: number; searched: Searched }): Recipe {
  const optimizer = point.optimizer as keyof typeof OPTIMIZER_SETTINGS;
  const usual = OPTIMIZER_SETTINGS[optimizer];
  const { training: suits } = familyOf(size.name);
  // The family's own rate and decay are for its own update rule.
  const settings = { ...usual, ...(suits?.optimizer === optimizer && suits) };
  const options = {
    ...settings,
    epochs,
    augment: searched.augmentations[String(point.augment)],
    labelSmoothing: point.smoothing,
    optimizer,
    learningRate: Number(settings.learningRate) * Number(point.rate),
  };
  if (point.learn !== 'distill') return trainingRecipe(size, { technique: 'train', options });
  return trainingRecipe(size, { technique: 'distill', options: { ...options, temperature: point.temperature } });
}
