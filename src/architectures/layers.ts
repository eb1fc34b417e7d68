import { Random, sizeOf } from '../base/index.js';
import { floatAttribute, Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from '../onnx/index.js';
import { typedBuilder } from '../ops/index.js';

/** Opset of the models that Espalier makes: the oldest with everything they need, so that old runtimes load them. */
export const ARCHITECTURE_OPSET = 17;

/** How many samples a model takes at once: open. */
export const BATCH = 'N';

/** ONNX's BatchNormalization momentum: the share that the running statistics keep at each step. */
const KEEP = 0.9;

/** An architecture under construction: layers with seeded initial weights, named as they come. */
export class Network {
  readonly build: GraphBuilder;
  readonly #model: Model;
  readonly #random: Random | undefined;
  #count = 0;

  /** @param seed of the initial weights; null: they are zero, which takes no time. */
  constructor(name: string, seed: number | null) {
    const graph = new Graph(name);
    this.#model = new Model(graph, ARCHITECTURE_OPSET);
    this.#model.irVersion = 8;
    this.build = typedBuilder(graph, this.#model.opsets);
    this.#random = seed === null ? undefined : new Random(seed).fork('initial weights');
  }

  /** The model's input: [batch, ...shape]. */
  input(name: string, shape: readonly number[]): Value {
    return this.build.input(name, 'float32', [SymbolicDim.named(BATCH), ...shape]);
  }

  /** The model's input of an image [channels, height, width], binned: left as it is where that would leave less than two pixels of a side. */
  image(name: string, size: readonly number[], binning: number): Value {
    const image = this.input(name, size);
    if (binning === 1 || Math.min(...size.slice(1)) < 2 * binning) return image;
    return this.build.op('AveragePool', [image], { kernel_shape: [binning, binning], strides: [binning, binning] });
  }

  /** The model's input of whole numbers: [batch, ...shape]. */
  ids(name: string, shape: readonly number[]): Value {
    return this.build.input(name, 'int64', [SymbolicDim.named(BATCH), ...shape]);
  }

  /** A learned vector of `size` numbers for each id: [N, L] to [N, L, size]. Row 0 is padding's. @param spread of the initial values. */
  embedding(ids: Value, rows: number, size: number, spread: number): Value {
    const name = this.#name('embedding');
    return this.build.op('Gather', [this.build.parameter(`${name}.weight`, this.#normal([rows, size], spread)), ids]);
  }

  /** A parameter of its own: small random numbers, or one value throughout. */
  parameter(name: string, shape: readonly number[], init: { spread: number } | { value: number }): Value {
    return this.build.parameter(name, 'spread' in init ? this.#normal(shape, init.spread) : filled(shape, init.value));
  }

  /** A fully connected layer along the last axis of [N, L, features]. */
  project(x: Value, features: number): Value {
    const name = this.#name('project');
    const inputs = Number(x.shape?.at(-1));
    const weight = this.build.parameter(`${name}.weight`, this.#normal([inputs, features], deviation(inputs)));
    const bias = this.build.parameter(`${name}.bias`, filled([features], 0));
    return this.build.op('Add', [this.build.node('MatMul', [x, weight], {}, { name })[0], bias]);
  }

  /** Layer normalization over the last axis. */
  layerNorm(x: Value): Value {
    const name = this.#name('norm');
    const size = [Number(x.shape?.at(-1))];
    const inputs = [x, this.build.parameter(`${name}.scale`, filled(size, 1)), this.build.parameter(`${name}.shift`, filled(size, 0))];
    return this.build.node('LayerNormalization', inputs, { axis: -1, epsilon: floatAttribute(1e-5) }, { name })[0];
  }

  /** Ends the construction. */
  finish(output: Value, name: string): Model {
    this.build.output(output, name);
    return this.#model;
  }

  /**
   * A convolution over [N, C, H, W] with a kernel that is square, or [height, width]; `pad` zeros go around the image: by default as many as keep its
   * size with an odd kernel.
   */
  conv(
    x: Value,
    channels: number,
    kernel: number | readonly [height: number, width: number],
    options: { stride?: number; groups?: number; bias?: boolean; pad?: number } = {},
  ): Value {
    const sides = typeof kernel === 'number' ? [kernel, kernel] : [...kernel];
    const { stride = 1, groups = 1, bias = false, pad } = options;
    const name = this.#name('conv');
    const shape = [channels, channelsOf(x) / groups, ...sides];
    const around = sides.map((side) => pad ?? Math.floor(side / 2));
    const weight = this.build.parameter(`${name}.weight`, this.#normal(shape, deviation(sizeOf(shape.slice(1)))));
    const inputs = bias ? [x, weight, this.build.parameter(`${name}.bias`, filled([channels], 0))] : [x, weight];
    return this.build.node(
      'Conv',
      inputs,
      { kernel_shape: sides, pads: [...around, ...around], strides: [stride, stride], group: groups },
      { name },
    )[0];
  }

  /** Batch normalization with scale 1 and shift 0 at first; the running statistics keep a share of `keep` at each step. */
  norm(x: Value, { keep = KEEP } = {}): Value {
    const name = this.#name('norm');
    const vector = (part: string, value: number) => this.build.parameter(`${name}.${part}`, filled([channelsOf(x)], value));
    const inputs = [x, vector('scale', 1), vector('shift', 0), vector('mean', 0), vector('variance', 1)];
    return this.build.node('BatchNormalization', inputs, { epsilon: floatAttribute(1e-5), momentum: floatAttribute(keep) }, { name })[0];
  }

  /** A fully connected layer over [N, features]. */
  dense(x: Value, features: number): Value {
    const name = this.#name('dense');
    const inputs = Number(x.shape?.[1]);
    const weight = this.build.parameter(`${name}.weight`, this.#normal([features, inputs], deviation(inputs)));
    const bias = this.build.parameter(`${name}.bias`, filled([features], 0));
    return this.build.node('Gemm', [x, weight, bias], { transB: 1 }, { name })[0];
  }

  relu(x: Value): Value {
    return this.build.op('Relu', [x]);
  }

  maxPool(x: Value, size = 2): Value {
    return this.build.op('MaxPool', [x], { kernel_shape: [size, size], strides: [size, size] });
  }

  /** [N, C, H, W] to [N, C]. */
  globalPool(x: Value): Value {
    return this.flatten(this.build.op('GlobalAveragePool', [x]));
  }

  flatten(x: Value): Value {
    return this.build.op('Flatten', [x], { axis: 1 });
  }

  add(a: Value, b: Value): Value {
    return this.build.op('Add', [a, b]);
  }

  dropout(x: Value, ratio: number): Value {
    return this.build.op('Dropout', [x, this.build.scalar(ratio)]);
  }

  /** Squeeze-and-excite (Hu et al. 2018): channels are weighted by a small net over their means; `reduction` narrows it. */
  squeezeExcite(x: Value, reduction = 4): Value {
    const channels = channelsOf(x);
    const narrow = this.relu(
      this.conv(this.build.op('GlobalAveragePool', [x]), Math.max(4, Math.round(channels / reduction)), 1, { bias: true }),
    );
    const gate = this.build.op('HardSigmoid', [this.conv(narrow, channels, 1, { bias: true })], {
      alpha: 1 / 6,
      beta: floatAttribute(0.5),
    });
    return this.build.op('Mul', [x, gate]);
  }

  #name(kind: string): string {
    return `${kind}${++this.#count}`;
  }

  #normal(shape: readonly number[], deviation: number): Tensor {
    const values = new Float32Array(sizeOf(shape));
    if (this.#random) for (let i = 0; i < values.length; i++) values[i] = this.#random.normal() * deviation;
    return Tensor.of('float32', shape, values);
  }
}

/**
 * Standard deviation of initial weights, 1/√(3·fan-in): the variance of PyTorch's default. He's √(2/fan-in) is for nets without normalization;
 * behind one a weight's scale does not matter but for the size of Adam's steps relative to it, and the smaller start learns faster.
 */
function deviation(fanIn: number): number {
  return 1 / Math.sqrt(3 * fanIn);
}

/** Channels of a value [N, C, …]. */
export function channelsOf(value: Value): number {
  return Number(value.shape?.[1]);
}

function filled(shape: readonly number[], value: number): Tensor {
  return Tensor.of('float32', shape, new Float32Array(sizeOf(shape)).fill(value));
}
