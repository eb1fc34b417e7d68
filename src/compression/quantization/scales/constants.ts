import { sizeOf } from '../../../base/index.js';
import { constantFloat, type Graph, type Node, Tensor } from '../../../onnx/index.js';

/**
 * A constant input of a node that holds something for each channel of an activation: element (o, k, i) of the tensor, seen as [outer, along, inner] around
 * `axis`, belongs to channel `channelOf(o, k)`.
 */
export interface ChannelConstant {
  readonly node: Node;
  readonly input: number;
  readonly axis: number;
  /** Neighbouring indices of the axis that belong to one channel, as after Flatten. Default 1. */
  readonly repeat?: number;
  /** Of a grouped convolution's weight, whose axis counts the channels within a group: how many groups there are. Default 1. */
  readonly groups?: number;
}

/** Calls `visit` with the index and the channel of each element. */
export function forEachElement(tensor: Tensor, { axis, repeat = 1, groups = 1 }: ChannelConstant, visit: Visit): void {
  const along = tensor.shape[axis];
  const outer = sizeOf(tensor.shape.slice(0, axis));
  const inner = sizeOf(tensor.shape.slice(axis + 1));
  for (let o = 0; o < outer; o++) {
    const first = Math.floor((o * groups) / outer) * along;
    for (let k = 0; k < along; k++) {
      const start = (o * along + k) * inner;
      const channel = Math.floor((first + k) / repeat);
      for (let i = start; i < start + inner; i++) visit(i, channel, o);
    }
  }
}

type Visit = (index: number, channel: number, outer: number) => void;

/** Multiplies the constant by its channels' factors, for this node alone. */
export function scaleConstant(graph: Graph, constant: ChannelConstant, factors: Float32Array): void {
  const { node, input } = constant;
  const value = node.inputs[input];
  const tensor = constantFloat(graph, value);
  if (!tensor || !value) return;
  const scaled = tensor.toFloat32().slice();
  forEachElement(tensor, constant, (index, channel) => {
    scaled[index] *= factors[channel];
  });
  node.setInput(input, graph.addInitializer(graph.freshName(value.name), Tensor.of('float32', tensor.shape, scaled)));
  if (value.readers.size === 0 && !graph.outputs.includes(value)) graph.initializers.delete(value);
}

/** The largest magnitude that belongs to each channel. */
export function largestOfChannels(tensor: Tensor, constant: ChannelConstant, channels: number): Float32Array {
  const largest = new Float32Array(channels);
  const values = tensor.toFloat32();
  forEachElement(tensor, constant, (index, channel) => {
    largest[channel] = Math.max(largest[channel], Math.abs(values[index]));
  });
  return largest;
}
