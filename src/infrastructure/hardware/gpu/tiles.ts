import type { MatrixProduct } from '../../../ops/index.js';

/** A tile of the result that one multiprocessor computes at a time. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Share of a multiprocessor's rate that a tile of this size reaches: small tiles load more numbers for each product. */
  readonly share: number;
}

/**
 * Tiles that libraries of matrix products have, the largest first. Sizes: NVIDIA, "Matrix Multiplication Background User's Guide" (DU-09799), section
 * "Tile quantization"; it says that smaller ones are less efficient, and by how much here follows from the numbers that a tile loads for each product,
 * 1/rows + 1/columns, against the largest tile, halved, because half of them are hidden behind arithmetic.
 */
export const tiles: readonly Tile[] = [
  [256, 128],
  [128, 256],
  [128, 128],
  [256, 64],
  [64, 256],
  [128, 64],
  [64, 128],
  [64, 64],
  [32, 128],
  [128, 32],
  [32, 32],
].map(([rows, columns]) => ({ rows, columns, share: 2 / (1 + (1 / rows + 1 / columns) / (1 / 256 + 1 / 128)) }));

/** A product cut into tiles, and how they are spread over the card. */
export interface Tiling {
  readonly tile: Tile;
  readonly tiles: number;
  /** Parts that the depth is cut into, where there are too few tiles for the card; 1: whole. */
  readonly parts: number;
  /** Rounds in which all multiprocessors compute one tile each; the last may be nearly empty, and takes as long. */
  readonly waves: number;
  /** Time as products of one multiprocessor at its full rate. */
  readonly macsOfOne: number;
}

/** Least depth of a part: shorter ones are all start and end. */
const LEAST_DEPTH = 256;

/** The quickest way to cut a product: every tile and number of parts is tried, as heuristics of libraries do. */
export function bestTiling(product: MatrixProduct, multiprocessors: number): Tiling {
  const all = tiles.flatMap((tile) => tilings(product, tile, multiprocessors));
  return all.reduce((best, each) => (each.macsOfOne < best.macsOfOne ? each : best));
}

function tilings({ count, rows, depth, columns }: MatrixProduct, tile: Tile, multiprocessors: number): Tiling[] {
  const number = count * Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
  const most = Math.max(1, Math.min(Math.floor(depth / LEAST_DEPTH), Math.floor(multiprocessors / number)));
  return [...new Set([1, most])].map((parts) => {
    const waves = Math.ceil((number * parts) / multiprocessors);
    const macsOfOne = (waves * tile.rows * tile.columns * Math.ceil(depth / parts)) / tile.share;
    return { tile, tiles: number, parts, waves, macsOfOne };
  });
}
