import type { Point, SpaceDefinition } from '../automation/index.js';
import type { Options, Recipe, Step } from '../technique/index.js';
import { baseRecipe } from './base-recipe.js';
import type { Plan, PlanContext, Strategy } from './strategy.js';

/**
 * Shrink-and-improve (Menghani 2021, section 5): keep the quality and cut the footprint. The model is shrunk by pruning and quantization, and
 * what quality that costs is won back by tuning with distillation from the original.
 */
export const shrinkAndImprove: Strategy = {
  name: 'shrink-and-improve',
  summary: 'Keeps the quality and cuts the footprint: prune, tune with distillation from the original, quantize.',
  plan: (context) => (context.untrainable === undefined ? trainedPlan(context) : postTrainingPlan(context.untrainable)),
};

function trainedPlan({ epochs, architecture, task }: PlanContext): Plan {
  const base = architecture ? baseRecipe({ architecture, task, epochs }) : [];
  const tuned = { keep: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] };
  const space: SpaceDefinition = {
    keep: { type: 'categorical', choices: [1, ...tuned.keep] },
    importance: { type: 'categorical', choices: ['magnitude', 'taylor'], when: tuned },
    tuning: { type: 'categorical', choices: ['distill', 'train'], when: tuned },
    learningRate: { type: 'float', low: 0.0001, high: 0.01, log: true, when: tuned },
    quantize: { type: 'categorical', choices: ['none', 'static', 'dynamic', 'aware'] },
    calibration: { type: 'categorical', choices: ['min-max', 'percentile', 'entropy', 'mse'], when: { quantize: 'static' } },
  };
  const pruned = { importance: 'magnitude', tuning: 'distill', learningRate: 0.001 };
  const initialPoints: Point[] = [
    { keep: 1, quantize: 'static', calibration: 'min-max' },
    { keep: 1, quantize: 'static', calibration: 'mse' },
    { keep: 0.5, ...pruned, quantize: 'static', calibration: 'min-max' },
    { keep: 0.7, ...pruned, quantize: 'static', calibration: 'min-max' },
    { keep: 0.3, ...pruned, quantize: 'aware' },
    { keep: 1, quantize: 'dynamic' },
  ];
  return {
    space,
    initialPoints,
    recipe: (point) => [...base, ...shrinkingSteps(point, { tuning: epochs, aware: Math.max(1, Math.ceil(epochs / 4)) })],
    remarks: [],
  };
}

/** Epochs of training after a step that shrinks. */
export interface ShrinkingEpochs {
  tuning: number;
  aware: number;
}

/** Steps that a point of a shrinking space stands for. @param options of quantization-aware training besides. */
export function shrinkingSteps(point: Point, epochs: ShrinkingEpochs, options: Options = {}): Recipe {
  const steps: Step[] = [];
  if (point.keep !== undefined && point.keep !== 1) {
    const tuning = { epochs: epochs.tuning, learningRate: point.learningRate };
    steps.push({ technique: 'prune', options: { keep: point.keep, importance: point.importance, tuning: point.tuning, ...tuning } });
  }
  if (point.quantize === 'static') steps.push({ technique: 'quantize', options: { mode: 'static', calibration: point.calibration } });
  if (point.quantize === 'dynamic') steps.push({ technique: 'quantize', options: { mode: 'dynamic' } });
  if (point.quantize === 'aware') steps.push({ technique: 'quantize-aware-train', options: { epochs: epochs.aware, ...options } });
  return steps;
}

/** For models that cannot be trained: what needs no gradient. */
function postTrainingPlan(reason: string): Plan {
  return {
    space: {
      quantize: { type: 'categorical', choices: ['static', 'dynamic'] },
      calibration: { type: 'categorical', choices: ['min-max', 'percentile', 'entropy', 'mse'], when: { quantize: 'static' } },
      tolerance: { type: 'categorical', choices: [0.001, 0.005, 0.02], when: { quantize: 'static' } },
    },
    initialPoints: [
      { quantize: 'static', calibration: 'min-max', tolerance: 0.005 },
      { quantize: 'static', calibration: 'mse', tolerance: 0.005 },
      { quantize: 'dynamic' },
    ],
    recipe: ({ quantize, calibration, tolerance }) => [{ technique: 'quantize', options: { mode: quantize, calibration, tolerance } }],
    remarks: [`The model cannot be trained, so that only techniques without training were tried: ${reason}`],
  };
}
