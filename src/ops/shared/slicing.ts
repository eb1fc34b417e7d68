import { addDims, ceilDivideDims, type Dim, minDims, SymbolicDim, sameDim, subtractDims } from '../../onnx/index.js';

/** Bounds at or beyond this mean "to the end": exporters write 2^31 - 1, 2^63 - 1, or a round number that no axis reaches. */
const FAR = 1e9;

/** Size of an axis after slicing it from `start` to `end` by `step`, with Python's meaning. Symbolic axes are taken to be long enough. */
export function slicedSize(size: Dim, start: Dim, end: Dim, step: Dim): Dim {
  if (typeof size === 'number' && typeof start === 'number' && typeof end === 'number' && typeof step === 'number') {
    return sliceBounds(size, start, end, step).count;
  }
  if (typeof step !== 'number') return SymbolicDim.unknown();
  if (step < 0) return wholeBackwards(start, end) ? ceilDivideDims(size, -step) : SymbolicDim.unknown();
  const from = fromFront(start, size);
  const to = endFromFront(end, size);
  if (from === undefined || to === undefined) return SymbolicDim.unknown();
  return ceilDivideDims(subtractDims(to, from), step);
}

/** First index, and number of indices, that a slice of an axis takes. */
export function sliceBounds(size: number, start: number, end: number, step: number): { first: number; count: number } {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, low), high);
  const first = clamp(start);
  return { first, count: Math.max(0, Math.ceil((clamp(end) - first) / step)) };
}

function wholeBackwards(start: Dim, end: Dim): boolean {
  return (start === -1 || (typeof start === 'number' && start >= FAR)) && typeof end === 'number' && end <= -FAR;
}

/** An index as counted from the front; undefined where its sign is not known. */
function fromFront(index: Dim, size: Dim): Dim | undefined {
  if (typeof index === 'number') return index < 0 ? addDims(size, index) : index;
  if (index.terms.every(({ coefficient }) => coefficient > 0)) return index;
  return index.terms.every(({ coefficient }) => coefficient < 0) ? addDims(size, index) : undefined;
}

function endFromFront(end: Dim, size: Dim): Dim | undefined {
  if (typeof end === 'number' && end >= FAR) return size;
  const to = fromFront(end, size);
  if (to === undefined || sameDim(to, size) || (typeof end === 'number' && end < 0)) return to;
  // No axis is taken to be empty, so the first element is always there.
  return to === 1 || isReduced(to, size) ? to : minDims(size, to);
}

/** Whether `index` is `size` less something. */
function isReduced(index: Dim, size: Dim): boolean {
  const difference = subtractDims(size, index);
  return typeof difference === 'number' ? difference >= 0 : difference.terms.every(({ coefficient }) => coefficient > 0);
}
