import { constantFloat, copyModel, type Graph, type Model, type Node, Tensor, type Value } from '../../onnx/index.js';
import { layerOf, traitsOf } from '../../ops/index.js';
import type { ChannelStatistics } from './calibration/channel-statistics.js';
import type { Layer, Plan } from './plan.js';
import { readerOf } from './scales/absorb.js';
import { forEachElement } from './scales/constants.js';
import { rowsOf } from './scales/rows.js';
import { dequantizeWeight, quantizeWeight, type WeightOptions, weightGrid } from './weights.js';

/** What is added to a constant of the float model where a layer is quantized. */
export interface BiasCorrection {
  /** The node whose constant it is: the layer itself, or the addition behind it. */
  readonly node: string;
  readonly input: number;
  /** One number for each output channel. */
  readonly shift: Float32Array;
}

/** Axis of the channels of each quantized layer's input, by its name: what must be measured. */
export function correctedAxes(graph: Graph, layers: readonly Layer[]): Map<string, number> {
  return new Map(
    layers.flatMap((layer) => {
      const { node, value, axis } = inputOf(graph, layer) ?? {};
      return node && value && axis !== undefined && targetOf(graph, node) ? [[value.name, axis] as const] : [];
    }),
  );
}

/**
 * Rounding weights shifts the mean of each output channel by (rounded - weight) · mean of the inputs; the bias takes that back (Nagel et al. 2019,
 * arXiv 1906.04721, section 4.2, with means measured rather than derived).
 * @returns corrections by layer.
 */
export function correctionsOf(
  graph: Graph,
  layers: readonly Layer[],
  statistics: ReadonlyMap<string, ChannelStatistics>,
  options: WeightOptions,
): Map<string, BiasCorrection> {
  const corrections = new Map<string, BiasCorrection>();
  for (const layer of layers) {
    const found = inputOf(graph, layer);
    const means = found && statistics.get(found.value.name)?.mean;
    const target = found && targetOf(graph, found.node);
    const reader = found && readerOf(graph, found.node, 0, { value: found.value, axis: found.axis, repeat: 1 });
    const weight = found && constantFloat(graph, found.node.inputs[1]);
    if (!means || !target || !reader || !weight) continue;
    const grid = weightGrid(weight, layer.weight?.axis, options);
    const [values, rounded] = [weight.toFloat32(), dequantizeWeight(quantizeWeight(weight, grid), grid).data()];
    const { count, rowOf } = rowsOf(weight, reader);
    const shift = new Float64Array(count);
    forEachElement(weight, reader, (index, channel, outer) => {
      shift[rowOf(index, outer)] -= ((rounded[index] as number) - values[index]) * means[channel];
    });
    corrections.set(layer.node, { ...target, shift: Float32Array.from(shift) });
  }
  return corrections;
}

/** The model with the corrections of the layers that a plan quantizes. */
export function corrected(model: Model, plan: Plan, corrections: ReadonlyMap<string, BiasCorrection>): Model {
  const result = copyModel(model);
  const { graph } = result;
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  for (const layer of plan.layers) {
    const { node: name = '', input = 0, shift } = corrections.get(layer.node) ?? {};
    const node = nodes.get(name);
    const constant = constantFloat(graph, node?.inputs[input]);
    if (!node || !shift || !constant) continue;
    const moved = constant.toFloat32().map((value, channel) => value + shift[channel]);
    node.setInput(
      input,
      graph.addInitializer(graph.freshName(node.inputs[input]?.name ?? ''), Tensor.of('float32', constant.shape, moved)),
    );
  }
  return result;
}

/** A copy, the same function, whose convolutions all have a bias that can be corrected. */
export function withBiases(source: Model): Model {
  const model = copyModel(source);
  const { graph } = model;
  for (const node of graph.nodes) {
    const layer = layerOf(node);
    if (layer?.kind !== 'kernel' || layer.bias === undefined || node.inputs[layer.bias]) continue;
    const channels = constantFloat(graph, node.inputs[layer.weight])?.shape[layer.outputs];
    if (channels === undefined) continue;
    const zeros = Tensor.of('float32', [channels], new Float32Array(channels));
    node.setInput(layer.bias, graph.addInitializer(graph.freshName(`${node.name}_bias`), zeros));
  }
  return model;
}

function inputOf(graph: Graph, layer: Layer): { node: Node; value: Value; axis: number } | undefined {
  const node = graph.nodes.find((each) => each.name === layer.node);
  const [value] = node?.inputs ?? [];
  const rank = value?.shape?.length;
  if (!node || !value || rank === undefined || layer.weight?.input !== 1) return undefined;
  const axis = layerOf(node)?.channels(rank);
  return axis !== undefined && readerOf(graph, node, 0, { value, axis, repeat: 1 }) ? { node, value, axis } : undefined;
}

/** Where a layer's shift can go: its bias, or the constant that is added to what it makes. */
function targetOf(graph: Graph, node: Node): Pick<BiasCorrection, 'node' | 'input'> | undefined {
  const form = layerOf(node);
  const shape = node.outputs[0]?.shape;
  const channels = shape && form && shape[form.channels(shape.length)];
  const fits = (value: Value | undefined) => {
    const shape = constantFloat(graph, value)?.shape;
    return shape?.length === 1 && shape[0] === channels;
  };
  const bias = form?.bias;
  if (bias !== undefined) return fits(node.inputs[bias]) ? { node: node.name, input: bias } : undefined;
  const [output] = node.outputs;
  const [reader] = output?.users ?? [];
  if (!output || !reader || traitsOf(reader).combines !== 'sum' || output.uses().length !== 1 || graph.outputs.includes(output))
    return undefined;
  const side = reader.inputs[0] === output ? 1 : 0;
  return fits(reader.inputs[side]) ? { node: reader.name, input: side } : undefined;
}
