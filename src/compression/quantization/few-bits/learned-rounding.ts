import { type Activity, namesText } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import type { Task } from '../../../training/index.js';
import { type AdaroundResult, adaround, type Roundable } from '../adaround/index.js';
import { type Bits, type Blocked, blocksOf, dequantized, gridOf, nearestScale, roundToGrid } from './block-grid.js';
import { type FewBits, type FewLayer, type Width, widthFrom, withBlocks } from './few-layers.js';
import type { Rounding } from './roundings.js';
import { inOwnOrder, inRows, type Site } from './sites.js';

export interface LearnRoundingsRequest extends Activity {
  /** Weights on their grids: the neighbours of each number are those of these grids. */
  few: FewBits;
  /** All weights of the model, those that stay in more bits as well. */
  sites: readonly Site[];
  widths: readonly Bits[];
  task: Pick<Task, 'feeds' | 'splits'>;
  samples: number;
  /** For each block of the model. */
  steps: number;
  seed: number;
  runtime: Runtime;
  threads?: number;
}

/** Learns how weights are rounded, once for each number of bits, with all layers at these bits that can be; see `adaround`. */
export async function learnRoundings(request: LearnRoundingsRequest): Promise<FewBits> {
  const { widths, onProgress } = request;
  let { few } = request;
  for (const [turn, bits] of widths.entries()) {
    const turns = widths.length;
    const onTurn: typeof onProgress = (event) =>
      onProgress?.({ ...event, done: event.done + turn * (event.total ?? 0), total: turns * (event.total ?? 0) });
    few = await learnAt(bits, { ...request, few, onProgress: onTurn });
  }
  return few;
}

async function learnAt(bits: Bits, request: LearnRoundingsRequest): Promise<FewBits> {
  const { few, sites } = request;
  const { graph } = few.model;
  const layers = new Map(few.layers.map((layer) => [layer.site.value.name, layer]));
  const settled = new Map<string, Float32Array>();
  const weights = new Map<string, () => Roundable>();
  for (const site of sites) {
    const { value, place, reading, weight } = site;
    const layer = layers.get(value.name);
    const blocked = layer && formAt(layer, bits)?.blocked;
    // Each row of a table is by itself: nothing makes up for what another one loses.
    if (blocked && reading !== 'table' && place === graph) weights.set(value.name, () => roundable(site, blocked));
    else settled.set(value.name, blocked ? inOwnOrder(site, dequantized(blocked, weight.columns)) : inOwnOrder(site, weight.values));
  }
  const result = await adaround({ ...request, model: few.model, weights, settled });
  const made = withBlocks(few, bits, (layer) => {
    const blocked = formAt(layer, bits)?.blocked;
    return blocked && chosen(layer.site, blocked, result);
  });
  const remarks = remarksOf(
    few.layers.filter((layer) => formAt(layer, bits)?.blocked),
    bits,
    result,
  );
  return { ...made, remarks: [...few.remarks, ...remarks] };
}

/** How a layer is stored where so many bits are wished; undefined where it takes more. */
function formAt(layer: FewLayer, bits: Bits) {
  return widthFrom(layer, bits satisfies Width) === bits ? layer.forms.get(bits) : undefined;
}

/** The integer below each number, of two neighbouring ones. */
function lowerOf({ weight }: Site, { grid }: Blocked): { integers: Uint8Array; share: Float32Array; gap: Float32Array } {
  const { values, columns } = weight;
  const blocks = blocksOf(columns, grid.blockSize);
  const top = 2 ** grid.bits - 1;
  const [integers, share, gap] = [new Uint8Array(values.length), new Float32Array(values.length), new Float32Array(values.length)];
  values.forEach((value, i) => {
    const place = Math.floor(i / columns) * blocks + Math.floor((i % columns) / grid.blockSize);
    const at = Math.min(top, Math.max(0, value / grid.scales[place] + grid.zeros[place]));
    integers[i] = Math.min(top - 1, Math.floor(at));
    share[i] = at - integers[i];
    gap[i] = grid.scales[place];
  });
  return { integers, share, gap };
}

/** Ways without learning: the start, and round to nearest. */
const PLAIN: readonly Rounding[] = ['hqq', 'nearest'];

function plainly({ weight }: Site, start: Blocked, way: number): Blocked {
  if (PLAIN[way] === 'hqq') return start;
  const { bits, blockSize } = start.grid;
  return roundToGrid(weight, gridOf(weight, bits, blockSize, nearestScale));
}

function roundable(site: Site, start: Blocked): Roundable {
  const { integers, share, gap } = lowerOf(site, start);
  const own = (numbers: Float32Array) => inOwnOrder(site, numbers);
  const { columns } = site.weight;
  const lower = own(dequantized({ grid: start.grid, integers }, columns));
  return {
    between: { name: site.value.name, lower, gap: own(gap), share: own(share) },
    others: PLAIN.map((_, way) => own(dequantized(plainly(site, start, way), columns))),
  };
}

function chosen(site: Site, start: Blocked, { choices }: AdaroundResult): { blocked: Blocked; rounding: Rounding } | undefined {
  const choice = choices.get(site.value.name);
  if (!choice) return undefined;
  if ('other' in choice) return { blocked: plainly(site, start, choice.other), rounding: PLAIN[choice.other] };
  const { integers } = lowerOf(site, start);
  const upper = inRows(site, Float32Array.from(choice.upper));
  return { blocked: { grid: start.grid, integers: integers.map((lower, i) => lower + upper[i]) }, rounding: 'adaround' };
}

function remarksOf(layers: readonly FewLayer[], bits: Bits, { choices, reports, failures }: AdaroundResult): string[] {
  const nodes = new Map(layers.map(({ site }) => [site.value.name, site.node]));
  const named = (weights: Iterable<string>) => namesText([...weights].map((name) => nodes.get(name) ?? name));
  const remarks: string[] = [];
  const kept = reports.filter(({ isLearned, errors: [first] }) => !isLearned && first > 0).flatMap(({ weights }) => weights);
  if (kept.length > 0)
    remarks.push(`Learning how to round to ${bits} bits was not better than rounding without, which is kept: ${named(kept)}.`);
  const missing = [...nodes.keys()].filter((name) => !choices.has(name));
  const [reason] = failures.values();
  if (missing.length > 0)
    remarks.push(
      `Rounded to ${bits} bits by hqq rather than adaround, for being tables, inside branches, shared or without a gradient${reason ? ` (${reason.message.split('\n')[0].replace(/\.$/, '')})` : ''}: ${named(missing)}.`,
    );
  return remarks;
}
