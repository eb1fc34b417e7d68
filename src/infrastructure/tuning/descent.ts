import { type TiledKind, type Tiling, tilingParts, tilingsAlong } from '../codegen/index.js';

/** By how much a tiling must be faster to be gone on from: less is noise. */
const GAIN = 0.99;

/**
 * Coordinate descent through the tilings of one kernel: of one part after the other all values are tried, and the best is gone on from, until no part has a
 * better one. Times are relative to those of the usual tiling.
 */
export class Descent {
  readonly #kind: TiledKind;
  readonly #ratios = new Map<string, number>();
  #best: { readonly tiling: Tiling; readonly ratio: number };
  #part = 0;
  /** Parts in a row that had nothing better. */
  #idle = 0;

  /** @param from where to go on from: the best that an earlier descent found. Default: the usual tiling. */
  constructor(kind: TiledKind, usual: Tiling, from: { readonly tiling: Tiling; readonly ratio: number } = { tiling: usual, ratio: 1 }) {
    this.#kind = kind;
    this.#best = from;
    this.#ratios.set(nameOf(usual), 1).set(nameOf(from.tiling), from.ratio);
  }

  get best(): Tiling {
    return this.#best.tiling;
  }

  /** Turns of `next` that are still to come, unless something better is found. */
  get turns(): number {
    return tilingParts.length - this.#idle;
  }

  /** Tilings to try next, each to be told by `tell`: those of one part. None where there is nothing more to try. */
  next(): readonly Tiling[] {
    for (; this.#idle < tilingParts.length; this.#moveOn(false)) {
      const open = this.#untried();
      if (open.length > 0) return open;
    }
    return [];
  }

  /**
   * Says how long tilings of `next` took, over the usual one; those that make the same code as another are told its time. Those that are left out are offered
   * again later.
   */
  tell(measured: readonly { readonly tiling: Tiling; readonly ratio: number }[]): void {
    const before = this.#best.ratio;
    for (const { tiling, ratio } of measured) {
      this.#ratios.set(nameOf(tiling), ratio);
      if (ratio < this.#best.ratio && ratio < before * GAIN) this.#best = { tiling, ratio };
    }
    this.#moveOn(this.#best.ratio < before || this.#untried().length > 0);
  }

  #untried(): Tiling[] {
    return tilingsAlong(this.#kind, this.#best.tiling, tilingParts[this.#part]).filter((each) => !this.#ratios.has(nameOf(each)));
  }

  /** @param isOpen whether what was found, or is left, makes it worth to try every part again. */
  #moveOn(isOpen: boolean): void {
    this.#part = (this.#part + 1) % tilingParts.length;
    this.#idle = isOpen ? 0 : this.#idle + 1;
  }
}

function nameOf(tiling: Tiling): string {
  return tilingParts.map((part) => tiling[part]).join();
}
