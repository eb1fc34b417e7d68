import type { LoopOrder, TiledKind, Tiling } from './schedule.js';

/** What may be tried of a kind of kernel: the values of each part of its tiling, any of which may meet any other. */
export interface TilingSpace {
  readonly rows: readonly number[];
  readonly lanes: readonly number[];
  readonly order: readonly LoopOrder[];
  readonly unroll: readonly number[];
}

/** Sums that a kernel keeps at one time, at most: beyond, no processor has registers for them. */
const MOST_SUMS = 96;

const ROWS = [1, 2, 3, 4, 6, 8];
const LANES = [4, 8, 12, 16, 24, 32];
const WIDE = [...LANES, 48, 64];
const UNROLL = [1, 2, 4];
/** Taps along a row are written out where there are at most so many. */
const TAPS = [1, 7];

/** One row at a time. */
const lanesOnly: TilingSpace = { rows: [1], lanes: [4, 8, 16, 32], order: ['channels'], unroll: [1] };

/** The space of each kind. */
export const tilingSpaces: Readonly<Record<TiledKind, TilingSpace>> = {
  convolution: { rows: ROWS, lanes: LANES, order: ['channels', 'rows', 'places'], unroll: UNROLL },
  integerConvolution: { rows: ROWS, lanes: LANES, order: ['channels', 'rows', 'places'], unroll: UNROLL },
  pairedConvolution: { rows: ROWS, lanes: LANES, order: ['channels', 'rows', 'places'], unroll: UNROLL },
  depthwise: { rows: ROWS, lanes: LANES, order: ['channels', 'rows', 'places'], unroll: TAPS },
  transposedConvolution: { rows: [1], lanes: WIDE, order: ['channels', 'places'], unroll: UNROLL },
  product: { rows: ROWS, lanes: LANES, order: ['channels', 'places'], unroll: UNROLL },
  vectorProduct: { rows: [1], lanes: WIDE, order: ['channels'], unroll: [...UNROLL, 8] },
  batchProduct: { rows: ROWS, lanes: LANES, order: ['channels', 'places'], unroll: UNROLL },
  pool: { rows: [1], lanes: WIDE, order: ['channels', 'places'], unroll: TAPS },
  recurrent: { rows: [1], lanes: WIDE, order: ['channels'], unroll: UNROLL },
  lines: lanesOnly,
  einsum: lanesOnly,
  resize: lanesOnly,
};

/** The parts of a tiling, in the order in which they matter. */
export const tilingParts = ['lanes', 'rows', 'order', 'unroll'] as const satisfies readonly (keyof Tiling)[];

/** A tiling with each other value of one of its parts, those that keep too many sums left out. */
export function tilingsAlong(kind: TiledKind, from: Tiling, part: keyof Tiling): Tiling[] {
  return tilingSpaces[kind][part]
    .map((value): Tiling => ({ ...from, [part]: value }))
    .filter((each) => isUsable(each) && !isSameTiling(each, from));
}

/** Every tiling of a kind. */
export function tilingsOf(kind: TiledKind): Tiling[] {
  const { rows, lanes, order, unroll } = tilingSpaces[kind];
  return rows
    .flatMap((row) =>
      lanes.flatMap((lane) => order.flatMap((loops) => unroll.map((by) => ({ rows: row, lanes: lane, order: loops, unroll: by })))),
    )
    .filter(isUsable);
}

export function isSameTiling(a: Tiling, b: Tiling): boolean {
  return tilingParts.every((part) => a[part] === b[part]);
}

/** Whether no more sums are kept at one time than are worth trying. */
export function isUsable({ rows, lanes }: Tiling): boolean {
  return rows * lanes <= MOST_SUMS;
}
