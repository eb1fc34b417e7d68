import { architecture as familyOf, type Scale } from '../../../architectures/index.js';
import type { Point, SpaceDefinition } from '../../../automation/index.js';
import type { Searched } from '../../../modalities/index.js';
import { ORDERS } from '../../../technique/index.js';
import type { FirstPoints } from '../compose/first-points.js';
import { kindsFirst } from '../compose/kinds-first.js';
import { NONE } from '../compose/searched.js';

/** How wide the models are that are trained, relative to what fits without pruning. */
const GROWTH = [0.5, 0.7, 1, 1.5, 2, 3];
const DEPTHS = [1, 0.5, 1.5, 2];
const KERNELS = [3, 5, 7];
const BINNINGS = [1, 2];
/** Peaks of one cycle, and what else suits the update rule: networks with batch normalization mostly learn more from few epochs of SGD. */
export const OPTIMIZER_SETTINGS = {
  sgd: { learningRate: 0.3, weightDecay: 5e-4 },
  adamw: { learningRate: 0.006, weightDecay: 0 },
} as const;
/** Factors of these. */
const RATES = [0.5, 1, 2];

/** Smaller images say too little once they are binned. */
const LEAST_BINNED = 16;

/** The kinds of block of a family, as a parameter of its own: families have different ones. */
function blockOf(family: string): string {
  return `block.${family}`;
}

function scaledBy(scale: keyof Scale, families: readonly string[]): string[] {
  return families.filter((family) => familyOf(family).scales.includes(scale));
}

/** Dimensions of architectures besides their widths: each where the family has it. @param sample shape of one, as models take it. */
function shapeSpace(families: readonly string[], sample: readonly number[]): SpaceDefinition {
  const isLarge = sample.length === 3 && Math.min(...sample.slice(1)) >= LEAST_BINNED;
  const of = (scale: keyof Scale, choices: readonly number[]): SpaceDefinition => {
    const having = scaledBy(scale, families);
    return having.length > 0 ? { [scale]: { type: 'categorical', choices, when: { family: having } } } : {};
  };
  const blocks = families.flatMap((family) => {
    const { blocks: kinds } = familyOf(family);
    return kinds ? [[blockOf(family), { type: 'categorical', choices: kinds, when: { family } }] as const] : [];
  });
  return {
    ...of('depth', DEPTHS),
    ...of('kernel', KERNELS),
    ...(isLarge ? of('binning', BINNINGS) : {}),
    ...Object.fromEntries(blocks),
  };
}

/** What a point says of its architecture, but for its family and width; what is as published is left out. */
export function shapeOf(point: Point): { depth: number; kernel?: number; binning?: number; block?: string } {
  const family = String(point.family);
  const block = point[blockOf(family)];
  return {
    depth: Number(point.depth ?? 1),
    ...(point.kernel !== undefined && point.kernel !== KERNELS[0] && { kernel: Number(point.kernel) }),
    ...(point.binning !== undefined && point.binning !== BINNINGS[0] && { binning: Number(point.binning) }),
    ...(block !== undefined && block !== familyOf(family).blocks?.[0] && { block: String(block) }),
  };
}

/** What grow-improve-shrink draws from of what is grown and trained. @param sample shape of one, as models take it. */
export function growthSpace(families: readonly string[], { augmentations }: Searched, sample: readonly number[]): SpaceDefinition {
  return {
    family: { type: 'categorical', choices: families },
    growth: { type: 'categorical', choices: GROWTH },
    ...shapeSpace(families, sample),
    augment: { type: 'categorical', choices: Object.keys(augmentations) },
    smoothing: { type: 'categorical', choices: [0, 0.1] },
    optimizer: { type: 'categorical', choices: Object.keys(OPTIMIZER_SETTINGS) },
    rate: { type: 'categorical', choices: RATES },
    learn: { type: 'categorical', choices: ['train', 'distill'] },
    temperature: { type: 'categorical', choices: [1, 4], when: { learn: 'distill' } },
  };
}

/** A family in its published shape. */
function asPublished(family: string, sample: readonly number[]): Point {
  return Object.fromEntries(
    Object.entries(shapeSpace([family], sample)).flatMap(([name, parameter]) =>
      parameter.type === 'categorical' ? [[name, parameter.choices[0]]] : [],
    ),
  );
}

/** What a point shows one of: families, ways to learn, techniques. */
const SHOWN = ['family', 'learn', ...ORDERS];

/**
 * What is tried first: the first family and one of every technique with it, each other family; then other sizes.
 * @param fresh whether the baseline is an architecture that was trained for this; whether coarse weights are of use; what comes after the training; shape of a sample.
 */
export function growthPoints(
  families: readonly string[],
  searched: Searched,
  { fresh, coarse, after, sample }: { fresh: boolean; coarse: boolean; after: FirstPoints; sample: readonly number[] },
): Point[] {
  const { least, mild, strong, boldest, others } = after;
  const usual = (family: string, shrunk: Point = least) => ({
    family,
    growth: 1,
    ...asPublished(family, sample),
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
