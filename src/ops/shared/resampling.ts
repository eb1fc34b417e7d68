/** How a Resize maps places of its output to places of its input, and weighs the input's elements. Attribute values as in ONNX. */
export interface Interpolation {
  readonly mode: string;
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubicCoefficient: number;
  readonly excludeOutside: boolean;
}

/** One axis of a Resize: sizes before and after, and the scale, which need not be their ratio. `crop` is its region of interest. */
export interface ResizedAxis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  readonly crop: readonly [start: number, end: number];
}

/** An element of the input that an output element reads, and its weight. */
export type Tap = readonly [index: number, weight: number];

/**
 * The input elements that each output element of one axis is the weighted sum of. Resizing is linear and separable, so this is all there is
 * to it: nearest, linear and cubic, without antialiasing, in every coordinate transformation.
 * Source: https://onnx.ai/onnx/operators/onnx__Resize.html
 * @returns one list of taps per output element; undefined for a coordinate transformation that ONNX does not have.
 */
export function tapsOf(axis: ResizedAxis, interpolation: Interpolation): Tap[][] | undefined {
  const taps: Tap[][] = [];
  for (let place = 0; place < axis.to; place++) {
    const at = sourceOf(place, axis, interpolation.coordinates);
    if (at === undefined) return undefined;
    const outside = interpolation.coordinates === 'tf_crop_and_resize' && (at < 0 || at > axis.from - 1);
    taps.push(outside ? [] : weighted(at, axis.from, interpolation));
  }
  return taps;
}

/** The place in the input that a place in the output stands for; in single precision, as runtimes compute it: rounding decides ties. */
function sourceOf(place: number, { from, to, scale, crop: [start, end] }: ResizedAxis, coordinates: string): number | undefined {
  const divided = (numerator: number) => Math.fround(numerator / Math.fround(scale));
  const centred = Math.fround(divided(place + 0.5) - 0.5);
  switch (coordinates) {
    case 'half_pixel':
      return centred;
    case 'half_pixel_symmetric':
      return (from / 2) * (1 - to / (scale * from)) + centred;
    case 'pytorch_half_pixel':
      return to > 1 ? centred : 0;
    case 'align_corners':
      return to > 1 ? Math.fround((place * (from - 1)) / (to - 1)) : 0;
    case 'asymmetric':
      return divided(place);
    case 'tf_half_pixel_for_nn':
      return divided(place + 0.5);
    case 'tf_crop_and_resize':
      return to > 1 ? start * (from - 1) + (place * (end - start) * (from - 1)) / (to - 1) : 0.5 * (start + end) * (from - 1);
    default:
      return undefined;
  }
}

function weighted(at: number, size: number, interpolation: Interpolation): Tap[] {
  if (interpolation.mode === 'nearest') return [[clamped(roundedPlace(at, interpolation.nearest), size), 1]];
  const low = Math.floor(at);
  const fraction = at - low;
  if (interpolation.mode === 'linear') {
    return [
      [clamped(low, size), 1 - fraction],
      [clamped(low + 1, size), fraction],
    ];
  }
  const weights = cubicWeights(fraction, interpolation.cubicCoefficient);
  const places = weights.map((weight, index) => [low - 1 + index, weight] as const);
  if (!interpolation.excludeOutside) return places.map(([place, weight]) => [clamped(place, size), weight]);
  const inside = places.filter(([place]) => place >= 0 && place < size);
  const total = inside.reduce((sum, [, weight]) => sum + weight, 0);
  return inside.map(([place, weight]) => [place, weight / total]);
}

function clamped(place: number, size: number): number {
  return Math.min(Math.max(place, 0), size - 1);
}

function roundedPlace(at: number, nearest: string): number {
  if (nearest === 'floor') return Math.floor(at);
  if (nearest === 'ceil') return Math.ceil(at);
  return nearest === 'round_prefer_ceil' ? Math.floor(at + 0.5) : Math.ceil(at - 0.5);
}

/** Keys' kernel at the four elements around a place, `fraction` after the second. IEEE TASSP 29(6), 1981, equation 4. */
function cubicWeights(fraction: number, a: number): number[] {
  const near = (x: number) => (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  const far = (x: number) => a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a;
  return [far(fraction + 1), near(fraction), near(1 - fraction), far(2 - fraction)];
}
