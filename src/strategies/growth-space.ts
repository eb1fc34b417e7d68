import { architecture as familyOf } from '../architectures/index.js';
import type { Point, SpaceDefinition } from '../automation/index.js';
import type { Searched } from '../modalities/index.js';
import type { WeightType } from './fit.js';

/** How wide the models are that are trained, relative to what fits without pruning. */
const GROWTH = [0.5, 0.7, 1, 1.5, 2, 3];
const DEPTHS = [1, 1.5, 2];
/** Peaks of one cycle, and what else suits the update rule: networks with batch normalization mostly learn more from few epochs of SGD. */
export const OPTIMIZER_SETTINGS = {
  sgd: { learningRate: 0.3, weightDecay: 5e-4 },
  adamw: { learningRate: 0.006, weightDecay: 0 },
} as const;
/** Factors of these. */
const RATES = [0.5, 1, 2];

/** What may be tried, by what is limited and what the data are. */
interface SearchScope {
  types: readonly WeightType[];
  /** Whether models may look at images mirrored as well. */
  mirrors: boolean;
}

function hasDepth(family: string): boolean {
  return familyOf(family).scales.includes('depth');
}

/** What grow-improve-shrink draws from. */
export function growthSpace(families: readonly string[], { augmentations }: Searched, { types, mirrors }: SearchScope): SpaceDefinition {
  const deep = families.filter(hasDepth);
  const keeps = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
  return {
    family: { type: 'categorical', choices: families },
    growth: { type: 'categorical', choices: GROWTH },
    ...(deep.length > 0 ? { depth: { type: 'categorical' as const, choices: DEPTHS, when: { family: deep } } } : {}),
    augment: { type: 'categorical', choices: Object.keys(augmentations) },
    smoothing: { type: 'categorical', choices: [0, 0.1] },
    optimizer: { type: 'categorical', choices: Object.keys(OPTIMIZER_SETTINGS) },
    rate: { type: 'categorical', choices: RATES },
    learn: { type: 'categorical', choices: ['train', 'distill'] },
    temperature: { type: 'categorical', choices: [1, 4], when: { learn: 'distill' } },
    keep: { type: 'categorical', choices: [1, ...keeps] },
    importance: { type: 'categorical', choices: ['magnitude', 'taylor'], when: { keep: keeps } },
    tuning: { type: 'categorical', choices: ['distill'], when: { keep: keeps } },
    learningRate: { type: 'float', low: 0.0003, high: 0.003, log: true, when: { keep: keeps } },
    quantize: { type: 'categorical', choices: ['static', 'aware'] },
    calibration: { type: 'categorical', choices: ['min-max', 'mse'], when: { quantize: 'static' } },
    weights: { type: 'categorical', choices: types, when: { quantize: 'aware' } },
    looks: { type: 'categorical', choices: mirrors ? [1, 2] : [1] },
  };
}

/**
 * What is tried first: the first family in several sizes and with coarse weights, then each other one.
 * @param fresh whether the baseline is an architecture that was trained for this.
 */
export function firstPoints(
  families: readonly string[],
  searched: Searched,
  { fresh, types, mirrors }: SearchScope & { fresh: boolean },
): Point[] {
  const shrunk = (keep: number) => ({ keep, importance: 'magnitude', tuning: 'distill', learningRate: 0.001 });
  const finely = { quantize: 'static', calibration: 'min-max' };
  const coarsely = { quantize: 'aware', weights: 'int4' };
  const usual = (family: string, quantization: Point = finely) => ({
    family,
    growth: 1,
    ...(hasDepth(family) ? { depth: 1 } : {}),
    augment: searched.usual,
    smoothing: 0,
    optimizer: String(familyOf(family).training?.optimizer ?? 'sgd'),
    rate: 1,
    keep: 1,
    ...quantization,
    looks: 1,
  });
  const alone = { learn: 'train' };
  const taught = { learn: 'distill', temperature: 1 };
  const [first, ...others] = families.map((family) => usual(family));
  // A finished model knows more than a fresh one can find out in a few epochs; a trained architecture of the same size does not.
  const [likely, other] = fresh ? [alone, taught] : [taught, alone];
  return [
    { ...first, ...likely },
    ...(types.includes('int4') ? [{ ...usual(families[0], coarsely), ...likely, looks: mirrors ? 2 : 1 }] : []),
    { ...first, ...likely, growth: 0.5 },
    { ...first, ...likely, growth: 1.5, ...shrunk(0.3) },
    ...others.map((point) => ({ ...point, ...likely })),
    { ...first, ...likely, ...shrunk(0.5) },
    { ...first, ...other },
  ];
}
