/** How a Resize maps places of its output to places of its input, and weighs the input's elements. Attribute values as in ONNX. */
export interface Interpolation {
  readonly mode: string;
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubicCoefficient: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
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
 * to it: nearest, linear and cubic, in every coordinate transformation.
 * Source: https://onnx.ai/onnx/operators/onnx__Resize.html
 * @returns one list of taps per output element; undefined for a coordinate transformation that ONNX does not have.
 */
export function tapsOf(axis: ResizedAxis, interpolation: Interpolation): Tap[][] | undefined {
  const taps: Tap[][] = [];
  for (let place = 0; place < axis.to; place++) {
    const at = sourceOf(place, axis, interpolation.coordinates);
    if (at === undefined) return undefined;
    const outside = interpolation.coordinates === 'tf_crop_and_resize' && (at < 0 || at > axis.from - 1);
    taps.push(outside ? [] : weighted(at, axis, interpolation));
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

function weighted(at: number, { from, scale }: ResizedAxis, interpolation: Interpolation): Tap[] {
  if (interpolation.mode === 'nearest') return [[clamped(roundedPlace(at, interpolation.nearest), from), 1]];
  const linear = interpolation.mode === 'linear';
  const kernel = linear ? triangle : (distance: number) => keysKernel(distance, interpolation.cubicCoefficient);
  // Against aliasing the kernel is made as wide as the elements that become one.
  const stretch = interpolation.antialias ? Math.min(scale, 1) : 1;
  const reach = (linear ? 1 : 2) / stretch;
  const taps: Tap[] = [];
  for (let place = Math.ceil(at - reach); place <= at + reach; place++) {
    if (interpolation.excludeOutside && clamped(place, from) !== place) continue;
    taps.push([clamped(place, from), kernel(Math.abs(place - at) * stretch)]);
  }
  const total = taps.reduce((sum, [, weight]) => sum + weight, 0);
  return taps.map(([place, weight]) => [place, weight / total]);
}

function clamped(place: number, size: number): number {
  return Math.min(Math.max(place, 0), size - 1);
}

function roundedPlace(at: number, nearest: string): number {
  if (nearest === 'floor') return Math.floor(at);
  if (nearest === 'ceil') return Math.ceil(at);
  return nearest === 'round_prefer_ceil' ? Math.floor(at + 0.5) : Math.ceil(at - 0.5);
}

function triangle(distance: number): number {
  return Math.max(0, 1 - distance);
}

/** Keys' cubic kernel. IEEE TASSP 29(6), 1981, equation 4. */
function keysKernel(distance: number, a: number): number {
  if (distance <= 1) return (a + 2) * distance ** 3 - (a + 3) * distance ** 2 + 1;
  return distance < 2 ? a * distance ** 3 - 5 * a * distance ** 2 + 8 * a * distance - 4 * a : 0;
}
