import { addTo } from '../../base/index.js';
import type { Cost, Loss } from './cost.js';
import type { Group } from './dependencies.js';
import type { Axis } from './elements.js';
import type { Importance } from './importance.js';
import { channelsOf, type Layer } from './layers.js';

export interface SelectionLimits {
  /** Cost to come down to, in the cost's unit. */
  target: number;
  /** How much the target may be missed by, in the same unit, before layers are cut to sizes that are no multiple. */
  tolerance: number;
  /** Fewest indices that an axis keeps. */
  floorOf: (axis: Axis) => number;
  /** Channels that a layer of so many comes in multiples of. */
  multipleFor: (channels: number) => number;
}

/**
 * Chooses what is removed: again and again the least important piece of any layer per cost that it saves, until the target is met. Savings
 * follow the sizes as they shrink. In layers with relative scores a piece matters by its share of what is left of the layer (LAMP, Lee et
 * al. 2021), so that none is emptied before the others. A piece is as many groups as bring the layer to the next multiple.
 */
export function selectGroups(layers: readonly Layer[], importance: Importance, cost: Cost, limits: SelectionLimits): Group[] {
  const candidates = layers.map((layer, place) => new Candidate(layer, importance.scores[place], importance.relative, cost, limits));
  const byAxis = new Map<Axis, Candidate[]>();
  for (const candidate of candidates) {
    for (const { axis } of candidate.layer.losses) addTo(byAxis, axis, candidate);
  }
  const removed: Group[] = [];
  while (cost.total > limits.target) {
    const next = cheapest(candidates, cost.total - limits.target, limits.tolerance);
    if (!next) break;
    for (const each of next.take()) removed.push(each);
    const axes = next.layer.losses.map((loss) => loss.axis);
    const affected = new Set([...axes, ...cost.neighboursOf(axes)].flatMap((axis) => byAxis.get(axis) ?? []));
    for (const candidate of affected) candidate.refresh();
  }
  return removed;
}

/** The piece of least importance per cost saved, among those that do not overshoot the target. Where none is left, a single group. */
function cheapest(candidates: readonly Candidate[], excess: number, tolerance: number): Candidate | undefined {
  for (const single of excess > tolerance ? [false, true] : [false]) {
    let best: Candidate | undefined;
    for (const candidate of candidates) {
      candidate.single = single;
      if (!candidate.fits || candidate.saved > excess + tolerance || !(candidate.saved > 0)) continue;
      if (!best || candidate.price < best.price) best = candidate;
    }
    if (best) return best;
  }
  return undefined;
}

/** A layer with what it would lose next. */
class Candidate {
  readonly layer: Layer;
  /** Look at one group rather than at a piece of the right size. */
  single = false;
  readonly #cost: Cost;
  readonly #limits: SelectionLimits;
  /** Groups by rising importance, and the importance of the first n of them together. */
  readonly #order: readonly number[];
  readonly #sums: Float64Array;
  readonly #relative: boolean;
  readonly #unit: number;
  #taken = 0;
  #next: readonly [piece: Offer, single: Offer];

  constructor(layer: Layer, scores: Float64Array, relative: boolean, cost: Cost, limits: SelectionLimits) {
    this.layer = layer;
    this.#cost = cost;
    this.#limits = limits;
    this.#relative = relative;
    this.#order = Array.from(scores, (_, index) => index).sort((a, b) => scores[a] - scores[b] || a - b);
    this.#sums = new Float64Array(scores.length + 1);
    this.#order.forEach((index, rank) => {
      this.#sums[rank + 1] = this.#sums[rank] + scores[index];
    });
    const perGroup = channelsOf(layer);
    const multiple = limits.multipleFor(layer.groups.length * perGroup);
    this.#unit = multiple / greatestCommonDivisor(multiple, perGroup);
    this.#next = this.#offers();
  }

  get #offer(): Offer {
    return this.#next[Number(this.single)];
  }

  /** Whether the floors allow it. */
  get fits(): boolean {
    return this.#offer.fits;
  }

  get saved(): number {
    return this.#offer.saved;
  }

  /** Importance per cost saved. */
  get price(): number {
    return this.#offer.importance / this.#offer.saved;
  }

  /** Removes the offer and returns its groups. */
  take(): Group[] {
    const { count } = this.#offer;
    const groups = this.#order.slice(this.#taken, this.#taken + count).map((index) => this.layer.groups[index]);
    this.#cost.remove(this.#losses(count));
    this.#taken += count;
    return groups;
  }

  /** Works out the next offer again, after sizes have changed. */
  refresh(): void {
    this.#next = this.#offers();
  }

  #offers(): [Offer, Offer] {
    const left = this.#order.length - this.#taken;
    const piece = left % this.#unit || this.#unit;
    const whole = this.#offerOf(Math.min(piece, left));
    return [whole, this.#offerOf(Math.min(1, left))];
  }

  #offerOf(count: number): Offer {
    const losses = this.#losses(count);
    const fits = count > 0 && losses.every(({ axis, count: lost }) => this.#cost.sizeOf(axis) - lost >= this.#limits.floorOf(axis));
    if (!fits) return { count, fits, saved: 0, importance: 0 };
    // Infinite scores stand for "not known": their differences are no numbers.
    const difference = this.#sums[this.#taken + count] - this.#sums[this.#taken];
    const importance = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    const remaining = this.#sums[this.#sums.length - 1] - this.#sums[this.#taken];
    const scale = this.#relative && remaining > 0 ? this.#sums[this.#sums.length - 1] / remaining : 1;
    return { count, fits, saved: this.#cost.saving(losses), importance: importance * scale };
  }

  #losses(groups: number): Loss[] {
    return this.layer.losses.map(({ axis, count }) => ({ axis, count: count * groups }));
  }
}

interface Offer {
  readonly count: number;
  readonly fits: boolean;
  readonly saved: number;
  readonly importance: number;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
