import {
  type DataType,
  type Graph,
  graphsOf,
  type Model,
  type Node,
  removeDeadCode,
  staticShape,
  Tensor,
  type Value,
} from '../../../onnx/index.js';
import { ruleOf, typedBuilder } from '../../../ops/index.js';

/** A value that is read from integers by one scale and zero point. */
interface Dequantized {
  readonly integers: Value;
  readonly scale: Value;
  readonly zero: Value | undefined;
}

/**
 * Lets operators that only move or choose values do so with the integers that stand for them, in place: a QuantizeLinear behind one goes before it, a
 * DequantizeLinear before one goes behind it. Then a QuantizeLinear that gives back the integers which a DequantizeLinear has read is left out.
 */
export function moveIntegers(model: Model): void {
  for (const graph of graphsOf(model.graph)) {
    quantizeEarlier(model, graph);
    dequantizeLater(model, graph);
  }
  removeDeadCode(model.graph);
  model.graph.sort();
}

function quantizeEarlier(model: Model, graph: Graph): void {
  const build = typedBuilder(graph, model.opsets);
  const queue = graph.nodes.filter(({ op }) => op === 'QuantizeLinear');
  for (let node = queue.pop(); node; node = queue.pop()) {
    const [value, scale, zero] = node.inputs;
    const mover = value?.producer;
    const [output] = node.outputs;
    const moved = mover && mover.outputs.length === 1 ? movedInputs(mover) : undefined;
    if (!value || !mover || !output || !moved || !isOneGrid(scale, zero) || !isReadBy(value, node, graph) || !isWorthwhile(mover, moved))
      continue;
    const type = output.dtype as DataType;
    const inputs = [...mover.inputs];
    for (const index of moved) {
      inputs[index] = build.op('QuantizeLinear', [inputs[index], scale, zero], Object.fromEntries(node.attributes));
      const made = inputs[index]?.producer;
      if (made) queue.push(made);
    }
    if (mover.op === 'Pad') inputs[2] = zero ?? build.constant(Tensor.from(type, [], [0]));
    graph.replace(output, build.op(mover.op, inputs, Object.fromEntries(mover.attributes)));
    graph.remove(node);
    graph.remove(mover);
  }
  graph.sort();
}

/** Whether quantizing before an operator is no more work than behind it, or is done where a layer stores its result. */
function isWorthwhile(mover: Node, moved: readonly number[]): boolean {
  const sizeOf = (value: Value | undefined) => staticShape(value?.shape)?.reduce((all, size) => all * size, 1) ?? Number.POSITIVE_INFINITY;
  const before = moved.reduce((sum, index) => sum + sizeOf(mover.inputs[index]), 0);
  const makers = moved.map((index) => mover.inputs[index]?.producer);
  const stores = makers.every((maker) => maker && ['weighted', 'clipping'].includes(ruleOf(maker)?.quantization.kind ?? ''));
  return before <= sizeOf(mover.outputs[0]) || (mover.op === 'MaxPool' && stores);
}

function isReadBy(value: Value, node: Node, graph: Graph): boolean {
  return value.users.length === 1 && value.users[0] === node && !graph.outputs.includes(value);
}

function isOneGrid(scale: Value | undefined, zero: Value | undefined): boolean {
  return scale?.constant?.size === 1 && (!zero || zero.constant?.size === 1);
}

function dequantizeLater(model: Model, graph: Graph): void {
  const build = typedBuilder(graph, model.opsets);
  for (const node of [...graph.nodes]) {
    if (node.op === 'QuantizeLinear') {
      const given = dequantized(node.inputs[0]);
      const [output] = node.outputs;
      if (given && output && isSameGrid(given, { integers: output, scale: node.inputs[1] as Value, zero: node.inputs[2] }))
        graph.replace(output, given.integers);
      continue;
    }
    const sources = movedInputs(node)?.map((index) => ({ index, given: dequantized(node.inputs[index]) }));
    const first = sources?.[0]?.given;
    if (!sources || !first || !sources.every(({ given }) => given && isSameGrid(given, first))) continue;
    const inputs = node.inputs.map((input, index) => sources.find((source) => source.index === index)?.given?.integers ?? input);
    if (node.op === 'Pad') inputs[2] = first.zero ?? build.constant(Tensor.from(first.integers.dtype as DataType, [], [0]));
    const moved = build.node(node.op, inputs, Object.fromEntries(node.attributes), { outputs: node.outputs.length, name: node.name });
    node.outputs.forEach((output, index) => {
      if (!output) moved[0].producer?.setOutput(index, undefined);
      else if (output.dtype === first.scale.dtype)
        graph.replace(output, build.op('DequantizeLinear', [moved[index], first.scale, first.zero]));
      else graph.replace(output, moved[index]);
    });
    graph.remove(node);
  }
}

/** Inputs that a node only moves or chooses elements of; undefined where it does more. */
function movedInputs(node: Node): number[] | undefined {
  // A Concat has a grid of its own where plans are made; here each input is brought to it, if it is not on it.
  const moves = node.op === 'Concat' || ruleOf(node)?.quantization.kind === 'transparent';
  if (node.domain !== '' || !moves) return undefined;
  if (node.op === 'Cast' || (node.op === 'Resize' && node.string('mode', 'nearest') !== 'nearest')) return undefined;
  if (node.op === 'Pad' && node.string('mode', 'constant') === 'constant' && node.inputs[2] && !isZero(node.inputs[2])) return undefined;
  if (node.op === 'Resize' && node.string('coordinate_transformation_mode', '') === 'tf_crop_and_resize') return undefined;
  return node.op === 'Concat' ? node.inputs.map((_, index) => index) : [0];
}

const isZero = ({ constant }: Value) => constant?.size === 1 && constant.numbers()[0] === 0;

function dequantized(value: Value | undefined): Dequantized | undefined {
  const node = value?.producer;
  if (node?.op !== 'DequantizeLinear') return undefined;
  const [integers, scale, zero] = node.inputs;
  if (!integers || integers.constant || !scale || !isOneGrid(scale, zero)) return undefined;
  return integers.dtype === 'int8' || integers.dtype === 'uint8' ? { integers, scale, zero } : undefined;
}

function isSameGrid(a: Dequantized, b: Dequantized): boolean {
  const zeroOf = ({ zero }: Dequantized) => zero?.constant?.numbers()[0] ?? 0;
  const scaleOf = ({ scale }: Dequantized) => scale.constant?.numbers()[0];
  return a.integers.dtype === b.integers.dtype && scaleOf(a) !== undefined && scaleOf(a) === scaleOf(b) && zeroOf(a) === zeroOf(b);
}
