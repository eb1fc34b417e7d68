import { sizeOf } from '../../base/index.js';
import { type Dim, floorDivideDims, SymbolicDim } from '../../onnx/index.js';
import { type CouplingRule, type Family, type InferRule, noMacs, type OpRule, refuses } from '../rule.js';
import { printShape } from '../shared/broadcast.js';
import { asNumbers, lengthOf, tensorOf, unknownDims } from '../shared/inferred.js';
import { defaultBecomes } from '../shared/rewriting.js';

/** Channels go through; places in the image do not. */
const keepsChannels: CouplingRule = (context) => {
  context.tie({ value: context.input(0), axis: 1 }, { value: context.output(), axis: 1 });
};

const inferGridSample: InferRule = (context) => {
  const image = context.shape(0);
  const grid = context.shape(1);
  if (image && grid && image.length !== grid.length) {
    context.fail('Image and grid have different ranks', printShape(image), printShape(grid));
  }
  const places = grid?.slice(1, -1) ?? unknownDims(image && image.length - 2);
  const [batch, channels] = image ?? [grid?.[0] ?? SymbolicDim.unknown(), SymbolicDim.unknown()];
  return [tensorOf(context.dtype(0), places && [batch, channels, ...places])];
};

const inferAffineGrid: InferRule = (context) => {
  const size = context.integers(1) ?? unknownDims(lengthOf(context, 1));
  if (!size) return [tensorOf(context.dtype(0), undefined)];
  const [batch, , ...places] = size;
  return [tensorOf(context.dtype(0), [batch, ...places, places.length])];
};

/** [regions, channels, …pooled]: `regions` is the first axis of input 1. */
function pooledRegions(pooled: (context: Parameters<InferRule>[0]) => readonly Dim[]): InferRule {
  return (context) => {
    const channels = context.shape(0)?.[1] ?? SymbolicDim.unknown();
    const regions = context.shape(1)?.[0] ?? SymbolicDim.unknown();
    return [tensorOf(context.dtype(0), [regions, channels, ...pooled(context)])];
  };
}

const inferCol2Im: InferRule = (context) => {
  const shape = context.shape(0);
  const image = context.integers(1) ?? unknownDims(lengthOf(context, 1));
  const block = asNumbers(context.integers(2));
  if (!image) return [tensorOf(context.dtype(0), undefined)];
  const channels = shape && block ? floorDivideDims(shape[1], sizeOf(block)) : SymbolicDim.unknown();
  return [tensorOf(context.dtype(0), [shape?.[0] ?? SymbolicDim.unknown(), channels, ...image])];
};

function samples(infer: InferRule, reason: string, upgrades: OpRule['upgrades'] = {}): OpRule {
  return { infer, macs: noMacs, gradient: refuses(reason), coupling: keepsChannels, quantization: { kind: 'float' }, upgrades };
}

const interpolations: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };

/** Operators that read an image at computed places. */
export const regions: Family = {
  AffineGrid: {
    ...samples(inferAffineGrid, 'Espalier has no rule for its gradient'),
    coupling: refuses('its axes are coordinates'),
  },
  Col2Im: {
    ...samples(inferCol2Im, 'Espalier has no rule for its gradient'),
    coupling: refuses('its blocks interleave channels and places'),
  },
  GridSample: samples(inferGridSample, 'Espalier has no rule for its gradient', {
    20: ({ node }) => {
      const mode = node.string('mode', 'bilinear');
      node.attributes.set('mode', { type: 'string', value: interpolations[mode] ?? mode });
    },
  }),
  MaxRoiPool: samples(
    pooledRegions(({ node }) => node.ints('pooled_shape', [1, 1])),
    'Espalier has no rule for its gradient',
  ),
  RoiAlign: samples(
    pooledRegions(({ node }) => [node.int('output_height', 1), node.int('output_width', 1)]),
    'Espalier has no rule for its gradient',
    { 16: defaultBecomes('coordinate_transformation_mode', 'output_half_pixel') },
  ),
};
