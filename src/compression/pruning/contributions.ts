import { type Random, stridesOf } from '../../base/index.js';
import type { Node, Tensor, Value } from '../../onnx/index.js';
import { convolutionWindows, layerOf, paddingOf } from '../../ops/index.js';

/** A layer that reads channels: a product or an ungrouped convolution with constant weights. */
export interface Consumer {
  readonly node: Node;
  readonly input: Value;
  readonly weight: Value;
  /** The axis of the weight that holds inputs. */
  readonly axis: number;
}

/** Output channels, and places of one sample, that are looked at. */
const OUTPUTS = 8;
const PLACES = 8;

/** A node as a consumer; undefined where it is none. */
export function consumerOf(node: Node): Consumer | undefined {
  const layer = layerOf(node);
  if (!layer || layer.kind === 'spread' || layer.groups !== 1 || layer.transposes) return undefined;
  const [input, weight] = [node.inputs[0], node.inputs[layer.weight]];
  const shape = weight?.constant?.shape;
  if (!input || !weight || !shape || input.constant || weight.uses().length > 1) return undefined;
  if (layer.kind === 'matrix' && shape.length !== 2) return undefined;
  return { node, input, weight, axis: layer.inputs };
}

/**
 * What each input channel adds to randomly chosen numbers of the consumer's output: rows of one number a channel, whose sum is the output
 * without its bias (ThiNet, Luo et al. 2017, arXiv 1707.06342).
 */
export function* contributions(consumer: Consumer, input: Tensor, random: Random): Generator<Float64Array> {
  const weight = consumer.weight.constant as Tensor;
  if (layerOf(consumer.node)?.kind === 'kernel') yield* ofConvolution(consumer.node, weight, input, random);
  else yield* ofProduct(weight, consumer.axis, input, random);
}

function* ofProduct(weight: Tensor, axis: number, input: Tensor, random: Random): Generator<Float64Array> {
  const [values, weights] = [input.numbers(), weight.numbers()];
  const channels = weight.shape[axis];
  const [along, across] = [stridesOf(weight.shape)[axis], stridesOf(weight.shape)[1 - axis]];
  const rows = values.length / channels;
  const count = Math.min(rows, PLACES * (input.shape[0] ?? 1));
  for (let i = 0; i < count; i++) {
    const start = (count === rows ? i : random.integer(rows)) * channels;
    for (let k = 0; k < OUTPUTS; k++) {
      const output = random.integer(weight.shape[1 - axis]);
      yield Float64Array.from({ length: channels }, (_, c) => values[start + c] * weights[c * along + output * across]);
    }
  }
}

function* ofConvolution(node: Node, weight: Tensor, input: Tensor, random: Random): Generator<Float64Array> {
  const [values, weights] = [input.numbers(), weight.numbers()];
  const [samples, channels, ...sizes] = input.shape;
  const kernel = weight.shape.slice(2);
  const windows = convolutionWindows(node, kernel);
  const [steps, taps] = [stridesOf(sizes), kernel.reduce((product, size) => product * size, 1)];
  const volume = sizes.reduce((product, size) => product * size, 1);
  const tapSteps = stridesOf(kernel);
  const starts = windows.map((window, axis) => {
    const { head, tail } = paddingOf(window, sizes[axis]);
    const reach = window.dilation * (window.kernel - 1) + 1;
    return { head, count: Math.floor((sizes[axis] + head + tail - reach) / window.stride) + 1 };
  });
  for (let sample = 0; sample < samples; sample++) {
    for (let place = 0; place < PLACES; place++) {
      const origin = windows.map((window, axis) => random.integer(starts[axis].count) * window.stride - starts[axis].head);
      const offsets = Array.from({ length: taps }, (_, tap) => {
        const at = windows.map((window, axis) => origin[axis] + window.dilation * (Math.floor(tap / tapSteps[axis]) % kernel[axis]));
        return at.every((each, axis) => each >= 0 && each < sizes[axis]) ? at.reduce((sum, each, axis) => sum + each * steps[axis], 0) : -1;
      });
      for (let k = 0; k < OUTPUTS; k++) {
        const output = random.integer(weight.shape[0]);
        yield Float64Array.from({ length: channels }, (_, c) => {
          let sum = 0;
          for (let tap = 0; tap < taps; tap++) {
            if (offsets[tap] < 0) continue;
            sum += values[(sample * channels + c) * volume + offsets[tap]] * weights[(output * channels + c) * taps + tap];
          }
          return sum;
        });
      }
    }
  }
}
