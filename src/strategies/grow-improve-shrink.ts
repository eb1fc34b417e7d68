import { type Architecture, architectures, architecture as familyOf } from '../architectures/index.js';
import type { Point, SpaceDefinition } from '../automation/index.js';
import { OptionError } from '../base/index.js';
import { type Augmentation, type InputSpec, usualAugmentation } from '../data/index.js';
import { encodeModel } from '../onnx/index.js';
import type { Recipe } from '../technique/index.js';
import type { Task } from '../training/index.js';
import { trainingRecipe } from './base-recipe.js';
import { imageShape } from './build.js';
import { widthThatFits } from './fit.js';
import type { Limits } from './info.js';
import { shrinkingSteps } from './shrink-and-improve.js';
import type { Plan, PlanContext, Strategy } from './strategy.js';

/** How wide the models are that are trained, relative to what fits without pruning. */
const GROWTH = [0.5, 0.7, 1, 1.5, 2, 3];
const DEPTHS = [1, 1.5, 2];
/** Peaks of Adam's one cycle. */
const RATES = [0.003, 0.006, 0.012];

const FOOTPRINT = ['maxSize', 'maxMacs', 'maxMemory', 'maxLatency'] as const;

/**
 * Grow-improve-shrink (Menghani 2021, section 5): keep the footprint and raise the quality. A family of architectures, the given one or another,
 * is built as wide as int8 weights allow within the limits, or wider; trained with the learning techniques that help, distillation from the baseline
 * among them; and shrunk back by pruning with distillation and by quantization.
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
  const { epochs, task, architecture: given } = context;
  checkTask(task);
  const [input] = task.splits.train.inputs;
  const widths = fittingWidths(context);
  const families = [...widths.keys()];
  return {
    space: spaceOf(families, input),
    initialPoints: firstPoints(families, input, given !== undefined),
    recipe: (point) => [
      ...growingSteps(point, given, { epochs, input, width: widths.get(String(point.family)) as number }),
      ...shrinkingSteps(point, Math.max(1, Math.ceil(epochs / 2))),
      { technique: 'minify', options: {} },
    ],
    remarks: [],
  };
}

function hasDepth(family: string): boolean {
  return familyOf(family).scales.includes('depth');
}

function spaceOf(families: readonly string[], { kind }: InputSpec): SpaceDefinition {
  const deep = families.filter(hasDepth);
  const keeps = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
  return {
    family: { type: 'categorical', choices: families },
    growth: { type: 'categorical', choices: GROWTH },
    ...(deep.length > 0 ? { depth: { type: 'categorical' as const, choices: DEPTHS, when: { family: deep } } } : {}),
    augment: { type: 'categorical', choices: kind === 'image' ? ['none', 'crop', 'flip-crop'] : ['none'] },
    smoothing: { type: 'categorical', choices: [0, 0.1] },
    rate: { type: 'categorical', choices: RATES },
    learn: { type: 'categorical', choices: ['train', 'distill'] },
    temperature: { type: 'categorical', choices: [1, 4], when: { learn: 'distill' } },
    keep: { type: 'categorical', choices: [1, ...keeps] },
    importance: { type: 'categorical', choices: ['magnitude', 'taylor'], when: { keep: keeps } },
    tuning: { type: 'categorical', choices: ['distill'], when: { keep: keeps } },
    learningRate: { type: 'float', low: 0.0003, high: 0.003, log: true, when: { keep: keeps } },
    quantize: { type: 'categorical', choices: ['static', 'aware'] },
    calibration: { type: 'categorical', choices: ['min-max', 'mse'], when: { quantize: 'static' } },
  };
}

/** What is tried first: the first family in several sizes, then each other one. @param fresh whether the baseline is an architecture that was trained for this. */
function firstPoints(families: readonly string[], { kind, shape }: InputSpec, fresh: boolean): Point[] {
  const shrunk = (keep: number) => ({ keep, importance: 'magnitude', tuning: 'distill', learningRate: 0.001 });
  const usual = (family: string) => ({
    family,
    growth: 1,
    ...(hasDepth(family) ? { depth: 1 } : {}),
    // Photos may be mirrored, digits may not; colour is what tells them apart best without looking.
    augment: kind !== 'image' ? 'none' : shape[2] === 3 ? 'flip-crop' : 'crop',
    smoothing: 0,
    rate: RATES[0],
    keep: 1,
    quantize: 'static',
    calibration: 'min-max',
  });
  const alone = { learn: 'train' };
  const taught = { learn: 'distill', temperature: 1 };
  const [first, ...others] = families.map(usual);
  // A finished model knows more than a fresh one can find out in a few epochs; a trained architecture of the same size does not.
  const [likely, other] = fresh ? [alone, taught] : [taught, alone];
  return [
    { ...first, ...likely },
    { ...first, ...likely, ...shrunk(0.5) },
    { ...first, ...likely, growth: 0.5 },
    { ...first, ...likely, growth: 1.5, ...shrunk(0.3) },
    ...others.map((point) => ({ ...point, ...likely })),
    { ...first, ...other },
  ];
}

/** @throws OptionError where a family could not stand in for the model. */
function checkTask(task: Task): void {
  if (task.kind === 'classification' && task.single === undefined) return;
  throw new OptionError({
    what: 'The architectures are classifiers with a score for each class',
    got: task.kind === 'fidelity' ? 'a task without labels' : 'one score for two classes',
    fix: 'Use shrink-and-improve, which keeps the model as it is.',
  });
}

/**
 * For each family that fits, how wide it may be so that its int8 file is as large as the limits allow; the one that was asked for comes first. Where
 * no limit can be counted beforehand, the limit is the size of the baseline's file.
 */
function fittingWidths({ limits, original, task, architecture: given }: PlanContext): Map<string, number> {
  const classes = task.kind === 'classification' ? task.classes.length : 0;
  const input = imageShape(original);
  const countable = limits.maxSize !== undefined || limits.maxMacs !== undefined;
  const within = countable ? limits : { maxSize: encodeModel(original).byteLength };
  const isGiven = ({ name }: Architecture) => name === given?.name;
  const widths = new Map<string, number>();
  for (const family of [...architectures].sort((a, b) => Number(isGiven(b)) - Number(isGiven(a)))) {
    const width = widthThatFits(family, { input, classes, depth: isGiven(family) ? given?.depth : 1 }, within);
    if (width !== undefined) widths.set(family.name, width);
  }
  if (widths.size === 0) throw nothingFits(within);
  return widths;
}

function nothingFits(limits: Limits): OptionError {
  return new OptionError({
    what: 'No architecture is that small, however narrow',
    got: Object.entries(limits)
      .map(([name, limit]) => `${name} ${limit}`)
      .join(', '),
    fix: 'Allow more.',
  });
}

function growingSteps(
  point: Point,
  given: PlanContext['architecture'],
  { epochs, input, width }: { epochs: number; input: InputSpec; width: number },
): Recipe {
  const family = String(point.family);
  const own = family === given?.name ? given.depth : 1;
  const size = {
    name: family,
    width: Number((width * Number(point.growth)).toPrecision(3)),
    depth: own * Number(point.depth ?? 1),
    resolution: given?.resolution,
  };
  const options = {
    epochs,
    augment: augmentations(String(point.augment), input),
    labelSmoothing: point.smoothing,
    learningRate: point.rate,
  };
  if (point.learn !== 'distill') return trainingRecipe(size, { technique: 'train', options });
  return trainingRecipe(size, { technique: 'distill', options: { ...options, temperature: point.temperature } });
}

function augmentations(name: string, input: InputSpec): Augmentation[] {
  if (name === 'none') return [];
  return name === 'flip-crop' ? [{ name: 'flip' }, ...usualAugmentation(input)] : usualAugmentation(input);
}
