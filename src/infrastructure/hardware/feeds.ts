import { lookup, OptionError, Random, sizeOf } from '../../base/index.js';
import { type Bindings, bindDim, type DataType, type Dim, type Model, staticShape, Tensor, type Value } from '../../onnx/index.js';
import { traitsOf } from '../../ops/index.js';
import { batchAxesOf } from './batch-axes.js';
import { batchBindings } from './footprint.js';

export interface FeedOptions {
  /** Size of the first dimension of inputs where it is symbolic. Default 1. */
  batch?: number;
  /** Sizes of the other symbolic dimensions. */
  bindings?: Bindings;
  /** Shapes that replace those of inputs, by name. */
  inputShapes?: Readonly<Record<string, readonly number[]>>;
  /** Default 1. */
  seed?: number;
}

/**
 * Inputs of the right types and shapes with made-up contents: floats from a normal distribution, 8- and 16-bit integers over their range,
 * indices within the table that they are looked up in or the classes that they are told apart as, other integers 1 (a mask that hides nothing, a valid length), booleans true.
 * The same seed gives the same feeds.
 * @throws OptionError where a dimension has no size.
 */
export function makeFeeds(model: Model, options: FeedOptions = {}): Record<string, Tensor> {
  const { batch = 1, seed = 1, inputShapes = {} } = options;
  const random = new Random(seed);
  const bindings = { ...batchBindings(model, batch), ...options.bindings };
  requireBatch(model, options.batch, bindings);
  const shape = (input: Value) => lookup(inputShapes, input.name) ?? shapeOf(input, bindings);
  return Object.fromEntries(model.graph.feeds.map((input) => [input.name, makeFeed(input, shape(input), random.fork(input.name))]));
}

/** @throws OptionError where a batch size was asked for and every input's first dimension is fixed at another. */
function requireBatch(model: Model, batch: number | undefined, bindings: Bindings): void {
  const axes = batchAxesOf(model.graph.feeds);
  const own = model.graph.feeds.map(({ name, shape }) => shape?.[axes ? (axes.get(name) ?? Number.NaN) : 0] as Dim | undefined);
  const sizes = own.flatMap((dim) => (dim === undefined ? [] : [bindDim(dim, bindings)]));
  if (batch === undefined || sizes.length === 0 || sizes.includes(batch)) return;
  const fix = 'Leave the batch size out, or export the model with a symbolic first dimension.';
  throw new OptionError({ what: 'The model fixes its batch size', where: 'batch', expected: String(sizes[0]), got: String(batch), fix });
}

function shapeOf(input: Value, bindings: Bindings): readonly number[] {
  const shape = input.shape?.map((dim) => bindDim(dim, bindings));
  const known = staticShape(shape);
  if (known) return known;
  const open = shape?.filter((dim) => typeof dim !== 'number');
  const named = open?.every((dim) => !dim.isAnonymous);
  throw new OptionError({
    what: open ? `No size is known for dimension ${open.map((dim) => `"${dim}"`).join(', ')}` : 'Its shape is not known, not even the rank',
    where: `input "${input.name}"`,
    fix: `Give ${named ? 'sizes in `bindings`' : 'its shape in `inputShapes`'}, or give feeds.`,
  });
}

const ranges: Partial<Record<DataType, readonly [low: number, bound: number]>> = {
  int8: [-128, 256],
  uint8: [0, 256],
  int16: [-32768, 65536],
  uint16: [0, 65536],
};

function makeFeed(input: Value, shape: readonly number[], random: Random): Tensor {
  const { dtype } = input;
  const count = sizeOf(shape);
  const numbers = (make: () => number) => Array.from({ length: count }, make);
  if (dtype === 'float32')
    return Tensor.of(
      dtype,
      shape,
      Float32Array.from({ length: count }, () => random.normal()),
    );
  if (dtype === 'float64')
    return Tensor.of(
      dtype,
      shape,
      Float64Array.from({ length: count }, () => random.normal()),
    );
  if (dtype === 'float16')
    return Tensor.from(
      dtype,
      shape,
      numbers(() => random.normal()),
    );
  if (dtype === 'bool') return Tensor.of(dtype, shape, new Uint8Array(count).fill(1));
  if (dtype === 'string')
    return Tensor.strings(
      shape,
      Array.from({ length: count }, () => 'a'),
    );
  if (dtype !== undefined && /^u?int(8|16|32|64)$/.test(dtype)) {
    const rows = rowsLookedUp(input);
    if (rows !== undefined)
      return Tensor.from(
        dtype,
        shape,
        numbers(() => random.integer(rows)),
      );
    const range = ranges[dtype];
    return Tensor.from(
      dtype,
      shape,
      numbers(() => (range ? range[0] + random.integer(range[1]) : 1)),
    );
  }
  throw new OptionError({
    what: `No contents can be made up for ${dtype ?? 'a sequence or a map'}`,
    where: `input "${input.name}"`,
    fix: 'Give feeds.',
  });
}

/** The fewest rows of the constant tables that a value is an index into; undefined where it is used otherwise. */
function rowsLookedUp(value: Value, seen = new Set<Value>()): number | undefined {
  if (seen.has(value)) return undefined;
  seen.add(value);
  const found = value.uses().flatMap(({ node, index }) => {
    const traits = traitsOf(node);
    const classes = traits.classes?.(node, index);
    if (classes !== undefined) return [classes];
    const axis = index === 1 ? traits.lookup?.(node) : undefined;
    const table = node.inputs[0]?.constant?.shape ?? staticShape(node.inputs[0]?.shape);
    if (axis !== undefined && table) return [table[axis < 0 ? axis + table.length : axis]];
    const carried = traits.carries ? node.outputs[0] : undefined;
    const rows = carried && rowsLookedUp(carried, seen);
    return rows === undefined ? [] : [rows];
  });
  return found.length > 0 ? found.reduce((least, rows) => Math.min(least, rows)) : undefined;
}
