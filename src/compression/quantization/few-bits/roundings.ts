import { type Activity, OptionError } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import type { Model } from '../../../onnx/index.js';
import type { Task } from '../../../training/index.js';
import { type Curved, curvatures, MOST_COLUMNS } from '../../curvature.js';
import type { WeightMatrix } from '../../matrices.js';
import { type Bits, type Blocked, dequantized, gridOf, nearestScale, type Rows, roundToGrid } from './block-grid.js';
import { gptq } from './gptq.js';
import { hqqScale } from './hqq.js';
import type { Site } from './sites.js';
import { blockSizeFor } from './write-blocks.js';

/**
 * How weights are rounded: to the nearest number of a grid over their range; to a grid that suits most of them; so that later columns make up for earlier
 * ones; or up or down as is learned from what blocks of the model make.
 */
export const ROUNDINGS = ['nearest', 'hqq', 'gptq', 'adaround'] as const;

export type Rounding = (typeof ROUNDINGS)[number];

/** Whether weights are rounded by looking at data. */
export function looksAtData(rounding: string): boolean {
  return rounding === 'gptq' || rounding === 'adaround';
}

/** The data that a rounding looks at. @throws OptionError where there is none. */
export function neededBy<T>(rounding: Rounding, task: T | undefined): T {
  if (!task) throw new OptionError({ what: `Rounding by ${rounding} looks at data`, fix: 'Give data, or round by hqq.' });
  return task;
}

/** A weight on a grid, with how it came there. */
export interface Rounded {
  readonly blocked: Blocked;
  readonly rounding: Rounding;
  /** Mean square of the change of the weight over its own. */
  readonly error: number;
}

export interface RoundRequest extends Pick<Activity, 'signal'> {
  model: Model;
  runtime: Runtime;
  sites: readonly Site[];
  rounding: Rounding;
  bits: readonly Bits[];
  blockSize: number;
  task?: Pick<Task, 'feeds' | 'splits'>;
  samples: number;
  seed: number;
  threads?: number;
}

/** Every weight rounded to every number of bits. @throws OptionError for gptq without data. */
export async function roundAll(request: RoundRequest): Promise<Map<Site, Map<Bits, Rounded>>> {
  const { sites, rounding, bits, blockSize } = request;
  const found = new Map(sites.map((site) => [site, new Map<Bits, Rounded>()]));
  if (rounding === 'gptq') await roundByGptq(request, found);
  const scaleOf = rounding === 'nearest' ? nearestScale : hqqScale;
  for (const [site, forms] of found) {
    for (const width of bits) {
      if (forms.has(width)) continue;
      const blocked = roundToGrid(site.weight, gridOf(site.weight, width, blockSizeFor(site.weight, site.reading, blockSize), scaleOf));
      forms.set(width, rounded(site.weight, blocked, rounding === 'nearest' ? 'nearest' : 'hqq'));
    }
  }
  return found;
}

async function roundByGptq(request: RoundRequest, found: ReadonlyMap<Site, Map<Bits, Rounded>>): Promise<void> {
  const { model, runtime, sites, bits, blockSize, samples, seed, threads, signal } = request;
  const task = neededBy('gptq', request.task);
  const curved = new Map<Curved, Site>();
  for (const site of sites) {
    const { matrix, weight, shape } = site;
    if (matrix && isCurved(site)) curved.set({ matrix, shape, columns: weight.columns }, site);
  }
  for await (const { layer, curvature } of curvatures({ model, task, runtime, samples, seed, threads, signal }, [...curved.keys()])) {
    const site = curved.get(layer) as Site;
    if (!curvature.some((each) => each !== 0)) continue;
    for (const width of bits) {
      const blocked = gptq(site.weight, curvature, {
        bits: width,
        blockSize: blockSizeFor(site.weight, site.reading, blockSize),
        scaleOf: hqqScale,
      });
      if (blocked) found.get(site)?.set(width, rounded(site.weight, blocked, 'gptq'));
    }
  }
}

/** Whether the curvature of a layer's error can be found: of plain products and convolutions that are not too wide. */
function isCurved({ matrix, reading, weight }: Site): boolean {
  const isPlain = (plain: WeightMatrix) => plain.groups === 1 && (reading === 'product' || plain.outputs === 0);
  return matrix !== undefined && isPlain(matrix) && weight.columns <= MOST_COLUMNS;
}

function rounded(weight: Rows, blocked: Blocked, rounding: Rounding): Rounded {
  return { blocked, rounding, error: relativeError(weight, dequantized(blocked, weight.columns)) };
}

/** Mean square of the change over that of the values. */
export function relativeError({ values }: Pick<Rows, 'values'>, changed: ArrayLike<number>): number {
  let [error, energy] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    error += (values[i] - changed[i]) ** 2;
    energy += values[i] ** 2;
  }
  return energy > 0 ? error / energy : 0;
}
