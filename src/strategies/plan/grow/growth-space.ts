import { architecture as familyOf } from '../../../architectures/index.js';
import type { Point, SpaceDefinition } from '../../../automation/index.js';
import type { Searched } from '../../../modalities/index.js';
import { ORDERS } from '../../../technique/index.js';
import type { FirstPoints } from '../compose/first-points.js';
import { kindsFirst } from '../compose/kinds-first.js';
import { NONE } from '../compose/searched.js';

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

function hasDepth(family: string): boolean {
  return familyOf(family).scales.includes('depth');
}

/** What grow-improve-shrink draws from of what is grown and trained. */
export function growthSpace(families: readonly string[], { augmentations }: Searched): SpaceDefinition {
  const deep = families.filter(hasDepth);
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
  };
}

/** What a point shows one of: families, ways to learn, techniques. */
const SHOWN = ['family', 'learn', ...ORDERS];

/**
 * What is tried first: the first family and one of every technique with it, each other family; then other sizes.
 * @param fresh whether the baseline is an architecture that was trained for this; whether coarse weights are of use; what comes after the training.
 */
export function growthPoints(
  families: readonly string[],
  searched: Searched,
  { fresh, coarse, after }: { fresh: boolean; coarse: boolean; after: FirstPoints },
): Point[] {
  const { least, mild, strong, boldest, others } = after;
  const usual = (family: string, shrunk: Point = least) => ({
    family,
    growth: 1,
    ...(hasDepth(family) ? { depth: 1 } : {}),
    augment: searched.usual,
    smoothing: 0,
    optimizer: String(familyOf(family).training?.optimizer ?? 'sgd'),
    rate: 1,
    ...shrunk,
  });
  const alone = { learn: 'train' };
  const taught = { learn: 'distill', temperature: 1 };
  const [family, ...otherFamilies] = families;
  // A finished model knows more than a fresh one can find out in a few epochs; a trained architecture of the same size does not.
  const [likely, other] = fresh ? [alone, taught] : [taught, alone];
  const first: Point = { ...usual(family), ...likely };
  const points: Point[] = [
    ...(coarse && boldest ? [{ ...usual(family, boldest), ...likely }] : []),
    { ...usual(family), ...likely, growth: 0.5 },
    ...(strong ? [{ ...usual(family, strong), ...likely, growth: 1.5 }] : []),
    ...otherFamilies.map((each) => ({ ...usual(each), ...likely })),
    ...(mild ? [{ ...usual(family, mild), ...likely }] : []),
    { ...usual(family), ...other },
    ...others.map((each) => ({ ...usual(family, each), ...likely })),
  ];
  const kinds = (point: Point) => SHOWN.flatMap((name) => (name in point && point[name] !== NONE ? [`${name} ${point[name]}`] : []));
  return [first, ...kindsFirst(points, { kinds, before: [first] })];
}
