import { type Expr, loops, type Statement, times } from '../loops/index.js';
import type { LoopOrder } from './schedule.js';
import { blocks, parts } from './tile.js';
import { alongRow, overRows, type Slide } from './windows.js';

/** How the loops over the places and channels of an output are cut and ordered. */
export interface TileLoops {
  /** Channels, of which blocks of `lanes` have their weights together. */
  readonly channels: number;
  readonly lanes: number;
  /** Of a block, the channels that are summed at one time, about. */
  readonly part: number;
  readonly rows: number;
  readonly order: LoopOrder;
}

/** Some places beside each other, and some channels of a block. */
export interface TilePlace {
  /** First channel of the block, and the channels of the block. */
  readonly block: Expr;
  readonly size: number;
  /** First channel of the tile within the block, and the channels of the tile. */
  readonly first: Expr;
  readonly wide: number;
  readonly places: readonly (readonly Expr[])[];
  /** Whether no tap lies outside along the last axis. */
  readonly within: boolean;
}

/** Every place of the output of windows, and every channel of each. */
export function overTiles(
  slides: readonly Slide[],
  { channels, lanes, part, rows, order }: TileLoops,
  body: (tile: TilePlace) => readonly Statement[],
): Statement[] {
  type Channels = Omit<TilePlace, 'places' | 'within'>;
  const overChannels = (inner: (of: Channels) => readonly Statement[]) =>
    blocks(channels, lanes, (block, size) => parts(size, part, (first, wide) => inner({ block: times(block, lanes), size, first, wide })));
  const overPlaces = (before: readonly Expr[], inner: (places: TilePlace['places'], within: boolean) => readonly Statement[]) =>
    alongRow(slides, rows, before, inner);
  if (order === 'channels')
    return overChannels((of) => overRows(slides, (before) => overPlaces(before, (places, within) => body({ ...of, places, within }))));
  if (order === 'rows')
    return overRows(slides, (before) => overChannels((of) => overPlaces(before, (places, within) => body({ ...of, places, within }))));
  return overRows(slides, (before) => overPlaces(before, (places, within) => overChannels((of) => body({ ...of, places, within }))));
}

/** Blocks of channels and the places of a shape, one in the other. */
export function overPlacesAndChannels(
  hints: readonly string[],
  sizes: readonly number[],
  { channels, lanes, order }: Pick<TileLoops, 'channels' | 'lanes' | 'order'>,
  body: (place: readonly Expr[], first: Expr, lanes: number) => readonly Statement[],
): Statement[] {
  const overChannels = (inner: (first: Expr, wide: number) => readonly Statement[]) =>
    blocks(channels, lanes, (block, wide) => inner(times(block, lanes), wide));
  const overPlaces = (inner: (place: Expr[]) => readonly Statement[]) => loops(hints, sizes, inner);
  return order === 'channels'
    ? overChannels((first, wide) => overPlaces((place) => body(place, first, wide)))
    : overPlaces((place) => overChannels((first, wide) => body(place, first, wide)));
}
