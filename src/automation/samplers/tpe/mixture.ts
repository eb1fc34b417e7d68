import type { Random } from '../../../base/index.js';
import type { Axis } from '../rows.js';
import { normalMass } from './mass.js';
import { widthsOf } from './widths.js';

/** The parameters that are modelled together, and where each stands in the rows. */
export interface Frame {
  readonly axes: readonly Axis[];
  readonly places: readonly number[];
}

/** Observations of each choice that are added to those seen, shared among all kernels: Jeffreys' half. */
const choicePrior = 0.5;

/** The same for a choice on which other parameters depend: a branch says little of its worth before these have been looked after. */
const branchPrior = 4;

/** What a prior kernel has for a choice: none. */
const NO_CHOICE = -1;

/**
 * A multivariate Parzen estimator: one kernel for each point seen, the product of one factor per parameter, so that what goes together stays together; and a prior kernel that weighs as much as the
 * average point. Numeric factors are normals truncated to the unit scale; the factor of a choice (Aitchison and Aitken 1976) leaves some for the others. The prior is a wide normal and every choice alike.
 */
export class Mixture {
  readonly #frame: Frame;
  readonly #shares: Float64Array;
  /** For each axis the kernels' centres, the prior's last. */
  readonly #centres: readonly Float64Array[];
  /** For each numeric axis the kernels' deviations. */
  readonly #widths: readonly Float64Array[];
  /** Each kernel's share over what its normals are to be divided by. */
  readonly #scales: Float64Array;
  /** For each categorical axis what a kernel gives any choice but its own. */
  readonly #others: readonly number[];
  /** Where densities are worked out, kernel by kernel. */
  readonly #products: Float64Array;
  readonly #exponents: Float64Array;

  /**
   * @param rows of the points seen, as `rowOf` gives them; may be empty.
   * @param weights above 0, one per row.
   */
  constructor(frame: Frame, rows: readonly Float64Array[], weights: ArrayLike<number>) {
    const n = rows.length;
    this.#frame = frame;
    this.#shares = sharesOf(weights);
    this.#centres = frame.places.map((place, d) => {
      const centres = new Float64Array(n + 1);
      for (let i = 0; i < n; i++) centres[i] = rows[i][place];
      centres[n] = frame.axes[d].choices === undefined ? 0.5 : NO_CHOICE;
      return centres;
    });
    this.#widths = frame.axes.map((axis, d) => (axis.choices === undefined ? widthsOf(this.#centres[d], axis.count) : new Float64Array()));
    this.#others = frame.axes.map(({ choices = 1, isBranch }) => {
      const each = (isBranch ? branchPrior : choicePrior) / (n + 1);
      return each / (1 + choices * each);
    });
    this.#products = new Float64Array(n + 1);
    this.#exponents = new Float64Array(n + 1);
    this.#scales = this.#shares.slice();
    this.#widths.forEach((widths, d) => {
      for (let i = 0; i < widths.length; i++) this.#scales[i] /= widths[i] * normalMass(0, 1, this.#centres[d][i], widths[i]);
    });
  }

  /** One number per axis of the frame; a numeric one is not yet rounded to a value that its parameter has. */
  sample(random: Random): Float64Array {
    const kernel = pickByShare(this.#shares, random);
    return Float64Array.from(this.#frame.axes, ({ choices }, d) => {
      const centre = this.#centres[d][kernel];
      if (choices === undefined) return truncatedNormal(centre, this.#widths[d][kernel], random);
      const isAny = centre === NO_CHOICE || random.uniform() < this.#others[d] * choices;
      return isAny ? random.integer(choices) : centre;
    });
  }

  /** The logarithm of the density at a point, but for a constant that is the same for all mixtures of the frame. */
  logDensity(point: ArrayLike<number>): number {
    const [products, exponents] = [this.#products, this.#exponents];
    products.set(this.#scales);
    exponents.fill(0);
    this.#frame.axes.forEach(({ choices }, d) => {
      if (choices === undefined) addExponents(exponents, point[d], this.#centres[d], this.#widths[d]);
      else multiplyMasses(products, point[d], this.#centres[d], this.#others[d], choices);
    });
    return Math.log(1e-300 + weighed(products, exponents));
  }
}

/** The exponents of normal densities at a value, added to those of other axes. */
function addExponents(exponents: Float64Array, value: number, centres: Float64Array, widths: Float64Array): void {
  for (let i = 0; i < exponents.length; i++) {
    const z = (value - centres[i]) / widths[i];
    exponents[i] -= 0.5 * z * z;
  }
}

/** What kernels give a choice, multiplied with the masses of other axes; the prior, the last of them, gives every choice alike. */
function multiplyMasses(products: Float64Array, value: number, centres: Float64Array, other: number, choices: number): void {
  const same = 1 - (choices - 1) * other;
  const prior = products.length - 1;
  for (let i = 0; i < prior; i++) products[i] *= centres[i] === value ? same : other;
  products[prior] /= choices;
}

function weighed(products: Float64Array, exponents: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < products.length; i++) sum += exponents[i] === 0 ? products[i] : products[i] * Math.exp(exponents[i]);
  return sum;
}

/** The weights and, last, that of the prior, which is their mean, as shares of one. */
function sharesOf(weights: ArrayLike<number>): Float64Array {
  const n = weights.length;
  const shares = new Float64Array(n + 1);
  let total = 0;
  for (let i = 0; i < n; i++) total += weights[i];
  for (let i = 0; i < n; i++) shares[i] = ((weights[i] / total) * n) / (n + 1);
  shares[n] = 1 / (n + 1);
  return shares;
}

/** The mean lies inside and the deviation is at most 1: at least one draw in three is accepted. */
function truncatedNormal(mean: number, deviation: number, random: Random): number {
  for (;;) {
    const unit = mean + deviation * random.normal();
    if (unit >= 0 && unit <= 1) return unit;
  }
}

function pickByShare(shares: Float64Array, random: Random): number {
  let left = random.uniform();
  for (let i = 0; i < shares.length - 1; i++) {
    left -= shares[i];
    if (left < 0) return i;
  }
  return shares.length - 1;
}
