import type { Part } from './switched-storage.js';
import { measuredUnits, type Unit } from './units.js';

export interface ChoiceRequest {
  parts: readonly Part[];
  /** What some parts, by their indices, do to the outputs where they alone are rounded: up to 1 is good enough; see `TrialNoise`. */
  measure: (parts: readonly number[]) => Promise<number>;
  /** Measurements of single parts and groups of them, at most. */
  most: number;
}

/** Parts that are not rounded, by their indices, and what the others then do. */
export interface Choice {
  readonly left: ReadonlySet<number>;
  readonly share: number;
}

/** Weights may do so much of what is allowed where activations are rounded as well. */
const WEIGHTS_SHARE = 0.75;

/**
 * The parts that are best left out so that the outputs follow closely enough: first weights, as few numbers of them as can be, for floats make the file larger; then
 * activations, as few as can be, whose layers compute in float with the integer weights. What single parts do is taken to add up, and each choice is measured.
 */
export async function chooseParts({ parts, measure, most }: ChoiceRequest): Promise<Choice> {
  const indices = [...parts.keys()];
  const weights = indices.filter((index) => parts[index].rounds === 'weight');
  const activations = indices.filter((index) => parts[index].rounds === 'activation');
  const sizeOf = (part: number) => parts[part].size;
  const isMixed = activations.length > 0;
  const allowed = isMixed ? WEIGHTS_SHARE : 1;
  const each = isMixed ? most >> 1 : most;
  const heavy = await fewest({
    candidates: weights,
    beside: [],
    allowed,
    worth: ({ share, size }) => share / size,
    sizeOf,
    measure,
    most: each,
  });
  const nodes = new Set([...heavy.left].map((index) => parts[index].node));
  // Integers are not computed with where the weight is none.
  const idle = activations.filter((index) => nodes.has(parts[index].node));
  const rest = await fewest({
    candidates: activations.filter((index) => !idle.includes(index)),
    beside: weights.filter((index) => !heavy.left.has(index)),
    allowed: 1,
    worth: ({ share }) => share,
    sizeOf,
    measure,
    most: each,
  });
  return { left: new Set([...heavy.left, ...idle, ...rest.left]), share: rest.share };
}

interface FewestRequest {
  candidates: readonly number[];
  /** Parts that are rounded in any case. */
  beside: readonly number[];
  allowed: number;
  /** What it is worth to leave a unit out. */
  worth: (unit: Unit) => number;
  sizeOf: (part: number) => number;
  measure: (parts: readonly number[]) => Promise<number>;
  most: number;
}

type Without = (left: readonly number[]) => Promise<Choice>;

async function fewest(request: FewestRequest): Promise<Choice> {
  const { candidates, beside, allowed, worth, sizeOf, measure, most } = request;
  const without: Without = async (parts) => {
    const left = new Set(parts);
    return { left, share: await measure([...beside, ...candidates.filter((part) => !left.has(part))]) };
  };
  const whole = await without([]);
  if (whole.share <= allowed || candidates.length === 0) return whole;
  const units = (await measuredUnits({ parts: candidates, sizeOf, measure, most, allowed })).sort((a, b) => worth(b) - worth(a));
  const first = (count: number) => without(units.slice(0, count).flatMap(({ parts }) => parts));
  // The smallest number of units, in this order, without which it is good enough: measured around what the shares foretell.
  let [low, high] = [0, units.length];
  let found = await first(high);
  for (let count = foretold(units, beside.length > 0 ? await measure(beside) : 0, allowed); high - low > 1; count = (low + high) >> 1) {
    const tried = Math.min(high - 1, Math.max(low + 1, count));
    const choice = await first(tried);
    if (choice.share <= allowed) [found, high] = [choice, tried];
    else low = tried;
  }
  return found.share <= allowed ? trimmed(units.slice(0, high), found, request, without) : found;
}

/** How many units must go so that what the others and those beside do, added up, is allowed. */
function foretold(units: readonly Unit[], beside: number, allowed: number): number {
  let left = beside + units.reduce((sum, { share }) => sum + share, 0);
  let count = 0;
  while (count < units.length && left > allowed) left -= units[count++].share;
  return count;
}

/**
 * Units, and halves of them, that turn out not to be needed come back, the largest first: some of those that were worth most for their size went before larger ones
 * that make up for them.
 */
async function trimmed(units: readonly Unit[], found: Choice, { allowed, sizeOf, most }: FewestRequest, without: Without): Promise<Choice> {
  const sized = (parts: readonly number[]) => ({ parts, size: parts.reduce((sum, part) => sum + sizeOf(part), 0) });
  const queue = units.map(({ parts }) => sized(parts));
  let choice = found;
  for (let measured = 0; queue.length > 0 && measured < most; measured++) {
    queue.sort((a, b) => b.size - a.size || b.parts.length - a.parts.length);
    const [{ parts }] = queue.splice(0, 1);
    const next = await without([...choice.left].filter((part) => !parts.includes(part)));
    if (next.share <= allowed) choice = next;
    else if (parts.length > 1) queue.push(sized(parts.slice(0, parts.length >> 1)), sized(parts.slice(parts.length >> 1)));
  }
  return choice;
}
