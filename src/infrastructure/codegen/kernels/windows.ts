import { paddingOf, type Window } from '../../../ops/index.js';
import {
  assign,
  binary,
  both,
  type Expr,
  local,
  loop,
  loops,
  max,
  min,
  minus,
  mutable,
  number,
  plus,
  range,
  read,
  repeatWhile,
  type Statement,
  times,
  unrolledLoop,
  type Variable,
  when,
} from '../loops/index.js';

/** A window along one axis, with the sizes that it slides over. */
export interface Slide extends Window {
  readonly input: number;
  readonly output: number;
}

/** Windows over an input of channels and places, with its padding. */
export function slidesOf(windows: readonly Window[], input: readonly number[], output: readonly number[]): Slide[] {
  return windows.map((window, axis) => {
    const size = input[axis + 2];
    return { ...window, ...paddingOf(window, size), input: size, output: output[axis + 2] };
  });
}

/** The order of axes in memory where channels lie last: those of an image as [N, H, W, C]. */
export function channelsLast({ length: rank }: readonly number[]): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1];
}

/** Where in the input a tap of the window of a place lies. */
export function inputPlace(slides: readonly Slide[], place: readonly Expr[], taken: readonly Expr[]): Expr[] {
  return slides.map(({ stride, head }, axis) => minus(plus(times(place[axis], stride), taken[axis]), head));
}

/** The places of an output along all axes but the last. */
export function overRows(slides: readonly Slide[], body: (before: readonly Expr[]) => readonly Statement[]): Statement[] {
  return loops(
    ['row', 'plane'],
    slides.slice(0, -1).map(({ output }) => output),
    body,
  );
}

/**
 * The places of an output along the last axis: `rows` at once where none of their taps lies outside of the input, else one by one.
 * @param body of some places; `within` where no tap lies outside along the last axis.
 */
export function alongRow(
  slides: readonly Slide[],
  rows: number,
  before: readonly Expr[],
  body: (places: readonly (readonly Expr[])[], within: boolean) => readonly Statement[],
): Statement[] {
  const last = slides[slides.length - 1];
  const size = Math.min(rows, last.output);
  const [from, to] = inside(last);
  const one = (place: Expr) => body([[...before, place]], isInside(last));
  if (size === 1 || to - from < size) return range('column', 0, last.output, one);
  const several = (place: Expr) =>
    body(
      Array.from({ length: size }, (_, row) => [...before, plus(place, row)]),
      true,
    );
  if (from === 0 && to === last.output && last.output % size === 0) return range('column', 0, last.output, several, { step: size });
  const walk = (column: Variable) => {
    const place = read(column);
    const fits = both(binary('ge', place, number(from)), binary('le', place, number(to - size)));
    return repeatWhile(
      binary('lt', place, number(last.output)),
      when(fits, [...several(place), assign(column, plus(place, size))], [...one(place), assign(column, plus(place, 1))]),
    );
  };
  return mutable('column', 'i32', number(0), walk, [0, last.output]);
}

/** The places from the first to before the last whose taps all lie inside of the input. */
function inside({ stride, head, dilation, kernel, input, output }: Slide): readonly [number, number] {
  const from = Math.min(output, Math.ceil(head / stride));
  const to = Math.floor((input + head - dilation * (kernel - 1) - 1) / stride) + 1;
  return [from, Math.max(from, Math.min(output, to))];
}

function isInside(slide: Slide): boolean {
  const [from, to] = inside(slide);
  return from === 0 && to === slide.output;
}

/**
 * The taps of a window. Along axes on which some may lie outside of the input, those are left out: padding is 0.
 * @param body of the offsets of a tap along each axis, and its row-major index.
 * @param unroll taps up to which an axis none of whose taps lies outside is written out.
 */
export function overTaps(
  slides: readonly Slide[],
  place: readonly Expr[],
  within: boolean,
  body: (offsets: readonly Expr[], tap: Expr) => readonly Statement[],
  unroll = 1,
): Statement[] {
  const nest = (axis: number, offsets: readonly Expr[], tap: Expr): readonly Statement[] => {
    if (axis === slides.length) return body(offsets, tap);
    const slide = slides[axis];
    const { kernel, dilation, stride, head, input } = slide;
    const next = (k: Expr) => nest(axis + 1, [...offsets, times(k, dilation)], plus(times(tap, kernel), k));
    if (isInside(slide) || (within && axis === slides.length - 1)) return unrolledLoop('k', kernel, kernel <= unroll ? kernel : 1, next);
    const start = minus(times(place[axis], stride), head);
    if (dilation === 1) {
      const from = max(number(0), minus(0, start));
      const to = min(number(kernel), minus(input, start));
      return local('from', from, (low) => local('to', to, (high) => range('k', low, high, next, { within: [0, kernel - 1] })));
    }
    return loop('k', kernel, (k) => {
      const at = plus(start, times(k, dilation));
      return when(both(binary('ge', at, number(0)), binary('lt', at, number(input))), next(k));
    });
  };
  return [...nest(0, [], number(0))];
}
