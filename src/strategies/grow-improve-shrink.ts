import { architecture as familyOf } from '../architectures/index.js';
import type { Point } from '../automation/index.js';
import { OptionError } from '../base/index.js';
import { type Searched, searchedOn } from '../modalities/index.js';
import type { Recipe } from '../technique/index.js';
import type { Task } from '../training/index.js';
import { trainingRecipe } from './base-recipe.js';
import { fittingWidths } from './families.js';
import type { WeightType } from './fit.js';
import { firstPoints, growthSpace, OPTIMIZER_SETTINGS } from './growth-space.js';
import type { Limits } from './info.js';
import { type ShrinkingEpochs, shrinkingSteps } from './shrink-and-improve.js';
import type { Plan, PlanContext, Strategy } from './strategy.js';

/** Shares of a candidate's epochs that go into tuning after pruning, and into training with rounded weights. Coarse ones take more to live with. */
const TUNING = 0.3;
const AWARE: Readonly<Record<WeightType, number>> = { int8: 0.2, int4: 0.3 };

const FOOTPRINT = ['maxSize', 'maxMacs', 'maxMemory', 'maxLatency'] as const;

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
  const { task, architecture: given } = context;
  checkTask(task);
  const searched = searchedOn(task.splits.train.inputs[0]);
  const anyWork = onlySizeLimited(context.limits);
  const types: readonly WeightType[] = anyWork ? ['int8', 'int4'] : ['int8'];
  const widths = new Map(types.map((type) => [type, fittingWidths(context, type)]));
  const families = [...(widths.get('int8')?.keys() ?? [])];
  const mirrors = anyWork && searched.mirrors;
  return {
    space: growthSpace(families, searched, { types, mirrors }),
    initialPoints: firstPoints(families, searched, { fresh: given !== undefined, types, mirrors }),
    recipe: (point) => {
      const weightType = (point.weights ?? 'int8') as WeightType;
      const epochs = shareOut(context.epochs, point, weightType);
      const width = widths.get(weightType)?.get(String(point.family)) as number;
      const aware = { weightType, augment: searched.augmentations[String(point.augment)] };
      return [
        ...growingSteps(point, given, { epochs: epochs.growing, searched, width }),
        ...shrinkingSteps(point, epochs, aware),
        ...(point.looks === 2 ? [{ technique: 'mirror', options: {} }] : []),
        { technique: 'minify', options: {} },
      ];
    },
    remarks: leftOut(context, families),
  };
}

/** What was asked for and is not searched. */
function leftOut({ families: wanted = [] }: PlanContext, families: readonly string[]): string[] {
  const missing = wanted.filter((name) => !families.includes(name));
  return missing.map((name) => `${name} is left out: however narrow, it does not keep the limits with int8 weights.`);
}

/** Whether a file may be made better or smaller by more work: no convolution kernel computes with 4 bits, and a second look takes twice the time. */
function onlySizeLimited({ maxMacs, maxLatency, maxMemory }: Limits): boolean {
  return maxMacs === undefined && maxLatency === undefined && maxMemory === undefined;
}

/** What of a candidate's epochs each part of its training gets: at least one each, so that those of one or two epochs may come to three in all. */
function shareOut(epochs: number, { keep, quantize }: Point, weightType: WeightType): ShrinkingEpochs & { growing: number } {
  const part = (share: number, wanted: boolean) => (wanted ? Math.max(1, Math.floor(share * epochs)) : 0);
  const tuning = part(TUNING, keep !== 1);
  const aware = part(AWARE[weightType], quantize === 'aware');
  return { growing: Math.max(1, epochs - tuning - aware), tuning, aware };
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

function growingSteps(
  point: Point,
  given: PlanContext['architecture'],
  { epochs, searched, width }: { epochs: number; searched: Searched; width: number },
): Recipe {
  const family = String(point.family);
  const own = family === given?.name ? given.depth : 1;
  const size = {
    name: family,
    width: Number((width * Number(point.growth)).toPrecision(3)),
    depth: own * Number(point.depth ?? 1),
    resolution: given?.resolution,
  };
  const optimizer = point.optimizer as keyof typeof OPTIMIZER_SETTINGS;
  const usual = OPTIMIZER_SETTINGS[optimizer];
  const { training: suits } = familyOf(family);
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
