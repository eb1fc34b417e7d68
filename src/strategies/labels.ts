import type { Options, Recipe } from '../technique/index.js';

/** What tells one application of a technique from another at a glance, for the techniques that strategies use. */
const LABELS: Readonly<Record<string, (options: Options) => unknown[]>> = {
  build: ({ architecture, width, depth, resolution }) => [
    architecture,
    ...unless(1, width, `${short(width)}x`),
    ...unless(1, depth, `depth ${short(depth)}x`),
    ...unless(undefined, resolution, `${resolution} px`),
  ],
  train: (options) => ['train', ...training(options)],
  distill: (options) => ['distill', ...training(options), ...unless(4, options.temperature, `T ${options.temperature}`)],
  prune: ({ keep, target, importance, tuning }) => [
    `prune to ${percent(keep)}`,
    ...unless('macs', target, `of ${target}`),
    ...unless('magnitude', importance, importance),
    ...unless('distill', tuning, tuning === 'none' ? 'untuned' : tuning),
  ],
  sparsify: ({ sparsity }) => [`${percent(sparsity)} zeros`],
  quantize: ({ mode, calibration }) => ['int8', ...unless('static', mode, mode), ...unless('min-max', calibration, calibration)],
  'quantize-aware-train': ({ weightType }) => [`${weightType ?? 'int8'} trained`],
  mirror: () => ['mirrored'],
  // Two belong to their families, the other says nothing of what the model computes.
  whiten: () => [],
  standardize: () => [],
  minify: () => [],
};

/** What a recipe does in a few words, e.g. "prune to 50% + int8 mse". */
export function recipeLabel(recipe: Recipe): string {
  const steps = recipe.map(({ technique, options }) => (LABELS[technique]?.(options) ?? [technique]).join(' '));
  return steps.filter((step) => step !== '').join(' + ') || 'original';
}

function training({ augment, labelSmoothing }: Options): unknown[] {
  return [...(Array.isArray(augment) ? augment.map(({ name }) => name) : []), ...unless(0, labelSmoothing, 'smoothed')];
}

/** The text, unless the option has its usual value or was not given. */
function unless(usual: unknown, value: unknown, text: unknown): unknown[] {
  return value === undefined || value === usual ? [] : [text];
}

function short(value: unknown): string {
  return String(Number(Number(value).toPrecision(3)));
}

function percent(value: unknown): string {
  return `${short(100 * Number(value))}%`;
}
