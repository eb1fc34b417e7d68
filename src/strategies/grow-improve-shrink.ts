import type { Point, SpaceDefinition } from '../automation/index.js';
import { OptionError } from '../base/index.js';
import { type Augmentation, type InputSpec, usualAugmentation } from '../data/index.js';
import type { Recipe, Step } from '../technique/index.js';
import { shrinkingSteps } from './shrink-and-improve.js';
import type { Plan, PlanContext, Strategy } from './strategy.js';

/** How much wider than asked for the grown models are. */
const GROWTH = [1, 1.5, 2, 3];

const FOOTPRINT = ['maxSize', 'maxMacs', 'maxMemory', 'maxLatency'] as const;

/**
 * Grow-improve-shrink (Menghani 2021, section 5): keep the footprint and raise the quality. The architecture is grown, the larger model trained
 * with every learning technique that helps, and then shrunk back to the footprint by pruning with distillation from itself and by quantization.
 */
export const growImproveShrink: Strategy = {
  name: 'grow-improve-shrink',
  summary: 'Keeps the footprint and raises the quality: grow the architecture, train it well, prune and quantize it back.',
  plan: (context) => {
    if (!context.architecture) {
      throw new OptionError({
        what: 'grow-improve-shrink grows an architecture, and a finished model cannot be grown',
        fix: 'Give --arch instead of a model, or use shrink-and-improve.',
      });
    }
    return plan(context, context.architecture);
  },
  // To keep the footprint is what the strategy is for: without a limit on it, the file is to be no larger than the baseline's.
  limits: (given, baseline) =>
    FOOTPRINT.some((name) => given[name] !== undefined) ? given : { ...given, maxSize: baseline.footprint.bytes },
};

function plan({ epochs, task }: PlanContext, architecture: NonNullable<PlanContext['architecture']>): Plan {
  const [input] = task.splits.train.inputs;
  const image = input.kind === 'image';
  const keeps = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
  const space: SpaceDefinition = {
    growth: { type: 'categorical', choices: GROWTH },
    ...(architecture.scales.includes('depth') ? { depth: { type: 'categorical' as const, choices: [1, 1.5, 2] } } : {}),
    augment: { type: 'categorical', choices: image ? ['none', 'crop', 'flip-crop'] : ['none'] },
    smoothing: { type: 'categorical', choices: [0, 0.1] },
    keep: { type: 'categorical', choices: [1, ...keeps] },
    importance: { type: 'categorical', choices: ['magnitude', 'taylor'], when: { keep: keeps } },
    tuning: { type: 'categorical', choices: ['distill'], when: { keep: keeps } },
    learningRate: { type: 'float', low: 0.0003, high: 0.003, log: true, when: { keep: keeps } },
    quantize: { type: 'categorical', choices: ['static', 'aware'] },
    calibration: { type: 'categorical', choices: ['min-max', 'mse'], when: { quantize: 'static' } },
  };
  const base = { ...(architecture.scales.includes('depth') ? { depth: 1 } : {}), augment: image ? 'crop' : 'none', smoothing: 0 };
  const shrunk = (keep: number) => ({ keep, importance: 'magnitude', tuning: 'distill', learningRate: 0.001 });
  const int8 = { quantize: 'static', calibration: 'min-max' };
  const initialPoints: Point[] = [
    { growth: 1, ...base, keep: 1, ...int8 },
    { growth: 2, ...base, ...shrunk(0.5), ...int8 },
    { growth: 2, ...base, ...shrunk(0.3), ...int8 },
    { growth: 3, ...base, ...shrunk(0.3), ...int8 },
  ];
  return {
    space,
    initialPoints,
    recipe: (point) => [
      ...growingSteps(point, architecture, { epochs, input }),
      ...shrinkingSteps(point, Math.max(1, Math.ceil(epochs / 2))),
    ],
    remarks: [],
  };
}

function growingSteps(
  point: Point,
  { name, width, depth, resolution }: NonNullable<PlanContext['architecture']>,
  { epochs, input }: { epochs: number; input: InputSpec },
): Recipe {
  const build: Step = {
    technique: 'build',
    options: {
      architecture: name,
      width: width * Number(point.growth),
      depth: depth * Number(point.depth ?? 1),
      ...(resolution ? { resolution } : {}),
    },
  };
  const train: Step = {
    technique: 'train',
    options: { epochs, augment: augmentations(String(point.augment), input), labelSmoothing: point.smoothing },
  };
  return [build, train];
}

function augmentations(name: string, input: InputSpec): Augmentation[] {
  if (name === 'none') return [];
  return name === 'flip-crop' ? [{ name: 'flip' }, ...usualAugmentation(input)] : usualAugmentation(input);
}
