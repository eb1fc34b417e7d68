import { type GraphBuilder, staticShape, Tensor, tensorType, type Value } from '../../../onnx/index.js';

/** ONNX Runtime's own operators on blocked images. */
export const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/** Static shape of an image tensor [N, C, H, W] whose channels fill whole blocks; undefined for anything else. */
export function imageShape(value: Value | undefined, block: number): number[] | undefined {
  const shape = staticShape(value?.shape);
  return shape?.length === 4 && shape[1] > 0 && shape[1] % block === 0 && shape[0] * shape[2] * shape[3] > 0 ? shape : undefined;
}

/** Whether a value is such an image of floats: others cannot be reordered. */
export function isFloatImage(value: Value | undefined, block: number): boolean {
  return value?.dtype === 'float32' && imageShape(value, block) !== undefined;
}

/** With one position per channel, blocked and plain are the same. */
function isFlat(shape: readonly number[]): boolean {
  return shape[2] * shape[3] === 1;
}

/**
 * Values of a graph in two layouts. Blocked, an image [N, C, H, W] lies in memory as [N, C / block, H, W, block], under its old shape; every
 * value is reordered at most once each way.
 */
export class Layouts {
  readonly block: number;
  readonly build: GraphBuilder;
  readonly #blocked = new Map<Value, Value>();
  readonly #plain = new Map<Value, Value>();
  readonly #channelsLast = new Map<Value, Value>();
  readonly #weights = new Map<string, Value>();

  constructor(build: GraphBuilder, block: number) {
    this.build = build;
    this.block = block;
  }

  /** Says that `value` exists blocked. */
  define(value: Value, blocked: Value): void {
    blocked.type = value.type;
    this.#blocked.set(value, blocked);
  }

  /** Lets everything that reads `value` read a plain one that stands for it. */
  replace(value: Value, plain: Value): void {
    plain.type = value.type;
    this.build.graph.replace(value, plain);
  }

  isBlocked(value: Value): boolean {
    return this.#blocked.has(value);
  }

  /** The value with its channels in blocks. */
  blocked(value: Value): Value {
    const known = this.#blocked.get(value);
    if (known) return known;
    const reordered = isFlat(shapeOf(value)) ? value : this.build.op('ReorderInput', [value], {}, BLOCKED_DOMAIN);
    reordered.type = value.type;
    this.#blocked.set(value, reordered);
    return reordered;
  }

  /** A plain value whose channels do not fill their blocks, blocked, with zeros for the channels that it lacks. */
  padded(value: Value): Value {
    const [batch, channels, height, width] = shapeOf(value);
    if (channels % this.block === 0) return this.blocked(value);
    const reordered = this.#once(`padded ${value.name}`, () => this.build.op('ReorderInput', [this.plain(value)], {}, BLOCKED_DOMAIN));
    reordered.type = tensorType(value.dtype, [batch, this.whole(channels), height, width]);
    return reordered;
  }

  /** The channels of whole blocks. */
  whole(channels: number): number {
    return Math.ceil(channels / this.block) * this.block;
  }

  /** A weight [M, C, h, w] with zeros up to `outputs` output and `inputs` input channels. */
  enlargedWeight(value: Value, outputs: number, inputs: number): Value {
    const [rows, columns, ...kernel] = shapeOf(value);
    if (rows === outputs && columns === inputs) return value;
    return this.#once(`enlarged ${outputs} ${inputs} ${value.name}`, () => {
      const pads = this.build.ints([0, 0, 0, 0, outputs - rows, inputs - columns, 0, 0]);
      const enlarged = this.build.op('Pad', [value, pads]);
      enlarged.type = tensorType(value.dtype, [outputs, inputs, ...kernel]);
      return enlarged;
    });
  }

  /** The value as its readers outside of the blocked part want it. */
  plain(value: Value): Value {
    const blocked = this.#blocked.get(value);
    if (!blocked) return value;
    const known = this.#plain.get(value);
    if (known) return known;
    const shape = shapeOf(value);
    const reordered = isFlat(shape) ? blocked : this.build.op('ReorderOutput', [blocked], { channels: shape[1] }, BLOCKED_DOMAIN);
    reordered.type = value.type;
    this.#plain.set(value, reordered);
    return reordered;
  }

  /** The value as [N, H, W, C]. */
  channelsLast(value: Value): Value {
    const known = this.#channelsLast.get(value);
    if (known) return known;
    const [batch, channels, height, width] = shapeOf(value);
    const shape = [batch, height, width, channels];
    // The channels of one block are last already.
    const reordered =
      channels === this.block
        ? this.build.op('Reshape', [this.blocked(value), this.build.ints(shape)])
        : this.build.op('ReorderOutput', [this.blocked(value)], { channels, channels_last: 1 }, BLOCKED_DOMAIN);
    reordered.type = tensorType(value.dtype, shape);
    this.#channelsLast.set(value, reordered);
    return reordered;
  }

  /** A blocked value under its true shape [N, C / block, H, W, block]. */
  unfolded(value: Value): Value {
    const [batch, channels, height, width] = shapeOf(value);
    return this.build.op('Reshape', [this.blocked(value), this.build.ints([batch, channels / this.block, height, width, this.block])]);
  }

  /** What came of unfolded values, as a blocked value of the given shape. */
  folded(value: Value, shape: readonly number[]): Value {
    return this.build.op('Reshape', [value, this.build.ints(shape)]);
  }

  /** A weight [M, C, h, w] with both its channels in blocks: [M / block, C / block, h, w, block of C, block of M]. */
  weight(value: Value): Value {
    return this.#once(`both ${value.name}`, () => {
      const [outputs, inputs, ...kernel] = shapeOf(value);
      const taps = kernel[0] * kernel[1];
      const { block } = this;
      const rows = this.outputsLast(value);
      if (taps === 1) return rows;
      const split = this.build.op('Reshape', [rows, this.build.ints([(outputs / block) * (inputs / block), block, taps, block])]);
      const swapped = this.build.op('Transpose', [split], { perm: [0, 2, 1, 3] });
      return this.build.op('Reshape', [swapped, this.build.ints([outputs, inputs, ...kernel])]);
    });
  }

  /** A weight [M, C, h, w] with its output channels in blocks: [M / block, C, h, w, block of M]. */
  outputsLast(value: Value): Value {
    const shape = shapeOf(value);
    const row = shape[1] * shape[2] * shape[3];
    if (row === 1) return value;
    return this.#once(`outputs ${value.name}`, () => {
      const split = this.build.op('Reshape', [value, this.build.ints([shape[0] / this.block, this.block, row])]);
      return this.build.op('Reshape', [this.build.op('Transpose', [split], { perm: [0, 2, 1] }), this.build.ints(shape)]);
    });
  }

  #once(key: string, make: () => Value): Value {
    const known = this.#weights.get(key);
    if (known) return known;
    const made = make();
    this.#weights.set(key, made);
    return made;
  }

  /** One number per channel as the weight of a depthwise convolution of one element, whose blocks need no reordering. */
  perChannel(value: Value, channels: number): Value {
    const weight = this.build.op('Reshape', [value, this.build.ints([channels, 1, 1, 1])]);
    weight.type = tensorType('float32', [channels, 1, 1, 1]);
    return weight;
  }

  /** blocked value * slope + offset + sum, per channel, in one pass. `slope` is a weight [C, 1, 1, 1]; `sum` is blocked. */
  affine(blocked: Value, slope: Value, offset?: Value, sum?: Value, attributes: Parameters<GraphBuilder['op']>[2] = {}): Value {
    const [channels] = shapeOf(slope);
    const made = this.build.op(
      'Conv',
      [blocked, slope, offset, sum],
      { group: channels, kernel_shape: [1, 1], ...attributes },
      BLOCKED_DOMAIN,
    );
    made.type = blocked.type;
    return made;
  }

  /** A constant weight [C, 1, 1, 1]. */
  uniform(channels: number, number: number): Value {
    return this.#once(`uniform ${channels} ${number}`, () =>
      this.build.constant(Tensor.of('float32', [channels, 1, 1, 1], new Float32Array(channels).fill(number))),
    );
  }
}

/** Static shape of a value that was checked to have one. */
export function shapeOf(value: Value): number[] {
  return staticShape(value.shape) as number[];
}
