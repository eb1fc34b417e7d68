import type { Node } from '../../../onnx/index.js';
import type { ReadContext } from '../reading/context.js';
import type { WriteContext } from '../writing/context.js';
import { numbersOf } from '../writing/values.js';
import type { Family } from './entry.js';

interface Corners {
  alignCorners: boolean;
  halfPixel: boolean;
}

function readResize(context: ReadContext, mode: 'linear' | 'nearest', { alignCorners, halfPixel }: Corners): void {
  const [height, width] = context.integers(1, 'The sizes');
  const channels = context.info(0).shape?.[3] ?? -1;
  const batch = context.info(0).shape?.[0] ?? -1;
  if (context.rank(0) !== 4 || !(height > 0 && width > 0)) context.fail('The data is no image, or its new size is empty');
  const places = alignCorners ? 'align_corners' : halfPixel ? 'half_pixel' : 'asymmetric';
  const rounding = alignCorners || halfPixel ? 'round_prefer_ceil' : 'floor';
  const { build } = context;
  const attributes = { mode, coordinate_transformation_mode: places, ...(mode === 'nearest' && { nearest_mode: rounding }) };
  const x = context.real(0, 'other');
  // Sizes of samples and channels stay as they are, whatever they are.
  const made =
    batch > 0 && channels > 0
      ? context.op('Resize', [x, undefined, undefined, build.ints([batch, channels, height, width])], attributes)
      : context.op('Resize', [x, undefined, undefined, build.ints([height, width])], { ...attributes, axes: [2, 3] });
  context.output(made, 'other');
}

function writeResize(w: WriteContext, node: Node): void {
  const mode = node.string('mode', 'nearest');
  if (w.rank(0) !== 4 || (mode !== 'linear' && mode !== 'nearest')) w.refuse(`it resizes ${w.rank(0) - 2} dimensions by "${mode}"`);
  const places = node.string('coordinate_transformation_mode', 'half_pixel');
  const rounding = node.string('nearest_mode', 'round_prefer_floor');
  const { shape } = w.writer.sizes(w.result);
  const before = w.shape(0);
  if (node.int('antialias', 0) !== 0 || node.int('exclude_outside', 0) !== 0) w.refuse('it smooths, or leaves out what is outside');
  const scales = node.inputs[2] ? numbersOf(w.value(2)) : undefined;
  const axes = node.ints('axes', [0, 1, 2, 3]);
  if (scales?.some((scale, i) => Math.abs(scale * before[axes[i]] - shape[axes[i]]) > 1e-4))
    w.refuse('its factors do not give whole sizes');
  const isEven = [2, 3].every((axis) => shape[axis] % before[axis] === 0);
  const corners = cornersOf(places, mode, rounding, isEven);
  if (!corners) w.refuse(`its places are those of "${places}"${mode === 'nearest' ? `, rounded by "${rounding}"` : ''}`);
  const name = mode === 'linear' ? 'RESIZE_BILINEAR' : 'RESIZE_NEAREST_NEIGHBOR';
  const options = { name: mode === 'linear' ? 'ResizeBilinearOptions' : 'ResizeNearestNeighborOptions', values: corners } as const;
  w.emit(name, [w.input(0, 'other'), w.list(shape.slice(2))], { layout: 'other', options, version: w.isInteger ? 2 : 1 });
}

/** By whole factors the nearest place is the same under several rules. */
function cornersOf(places: string, mode: string, rounding: string, isEven: boolean): Corners | undefined {
  const plain = { alignCorners: false, halfPixel: false };
  if (places === 'align_corners')
    return mode === 'linear' || rounding === 'round_prefer_ceil' ? { alignCorners: true, halfPixel: false } : undefined;
  if (places === 'half_pixel' || places === 'pytorch_half_pixel') {
    if (mode === 'linear') return { alignCorners: false, halfPixel: true };
    return isEven && rounding.startsWith('round')
      ? plain
      : rounding === 'round_prefer_ceil'
        ? { alignCorners: false, halfPixel: true }
        : undefined;
  }
  return places === 'asymmetric' && (mode === 'linear' || rounding === 'floor') ? plain : undefined;
}

/** Images of another size. */
export const resizing: Family = {
  RESIZE_BILINEAR: {
    version: 4,
    read: (context) => readResize(context, 'linear', context.options('ResizeBilinearOptions')),
  },
  RESIZE_NEAREST_NEIGHBOR: {
    version: 4,
    read: (context) => readResize(context, 'nearest', context.options('ResizeNearestNeighborOptions')),
    write: { Resize: { integer: 'same', known: [1, 3], write: writeResize } },
  },
};
