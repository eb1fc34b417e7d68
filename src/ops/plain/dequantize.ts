import { UnsupportedError } from '../../base/index.js';
import {
  type Condition,
  functionsWrittenOut,
  type Graph,
  type Model,
  type Node,
  nodesOf,
  type Pass,
  removeDeadCode,
  type Value,
} from '../../onnx/index.js';
import { inferShapes, typedBuilder } from '../inference.js';
import { upgradeInPlace } from '../upgrade.js';
import { realRules } from './integer-operators.js';
import { type Grid, RealValues, saturated } from './real.js';
import { storedFloats, storedWeight } from './stored-weight.js';
import { floatsAreWide } from './widen.js';

/** The first opset whose DequantizeLinear takes one scale for each channel. */
const CHANNEL_OPSET = 13;

/** Whether a model computes in integers, or stores weights as integers: it was quantized. Fake quantization of floats is not meant. */
export function isQuantized(model: Model): boolean {
  return nodesOf(model.graph).some((node) => node.op === 'DynamicQuantizeLinear' || isInteger(node) || isStoredWeight(node));
}

/** Whether data are rounded to integers on their way, not weights alone. */
export function roundsData(model: Model): boolean {
  return nodesOf(model.graph).some(
    (node) => /^(Dynamic)?QuantizeLinear$/.test(node.op) || isInteger(node) || node.int('accuracy_level', 0) === ROUNDED_DATA,
  );
}

/** Of the accuracy levels of MatMulNBits the one that rounds what meets the weights to 8 bits. */
const ROUNDED_DATA = 4;

function isInteger(node: Node): boolean {
  return /^(QLinear|DynamicQuantize)|Integer(ToFloat)?$|^QGemm$/.test(node.op);
}

function isStoredWeight(node: Node): boolean {
  return (node.op === 'DequantizeLinear' && node.inputs[0]?.constant !== undefined) || storedWeight(node) !== undefined;
}

export const integersAreReal: Condition = {
  name: 'weights and values that stand for real numbers are floats',
  holds: (model) => !isQuantized(model),
};

export const dequantized: Pass = {
  name: 'dequantize',
  summary: 'A quantized model says in floats what it computed in integers.',
  kind: 'form',
  requires: [functionsWrittenOut, floatsAreWide],
  ensures: [integersAreReal],
  run: dequantizeInPlace,
};

/**
 * Makes a quantized model one in floats, whichever form it has: QuantizeLinear and DequantizeLinear pairs, operators on integers, or ranges taken as
 * values come. Weights become what their integers stand for; values are rounded no more, but where a grid stands for Relu there is one.
 * @throws UnsupportedError naming a node that is not known in floats.
 */
function dequantizeInPlace(model: Model): number {
  upgradeInPlace(model, CHANNEL_OPSET);
  inferShapes(model);
  const before = nodesOf(model.graph);
  dequantizeGraph(model, model.graph);
  const used = new Set(nodesOf(model.graph).map(({ domain }) => domain));
  for (const domain of [...model.opsets.keys()]) if (domain.startsWith('com.microsoft') && !used.has(domain)) model.opsets.delete(domain);
  removeDeadCode(model.graph);
  inferShapes(model);
  const left = new Set(nodesOf(model.graph));
  return before.filter((node) => !left.has(node)).length;
}

function dequantizeGraph(model: Model, graph: Graph): void {
  const build = typedBuilder(graph, model.opsets);
  const real = new RealValues(build);
  const narrow = graph.outputs.filter(isNarrow).map(({ name }) => name);
  for (const output of graph.outputs) if (isNarrow(output)) output.type = { kind: 'tensor', shape: output.shape };
  graph.sort();
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) dequantizeGraph(model, inner);
    dequantizeNode(real, graph, node);
  }
  for (const output of [...graph.outputs]) if (narrow.includes(output.name)) restoreOutput(real, graph, output);
}

function isNarrow(value: Value): boolean {
  return /^u?int(8|16)$/.test(value.dtype ?? '');
}

function dequantizeNode(real: RealValues, graph: Graph, node: Node): void {
  const { build } = real;
  const [x, scale, zeroPoint] = node.inputs;
  const [output] = node.outputs;
  if (!output || !x) return;
  const stored = storedWeight(node);
  if (stored) {
    replace(graph, node, graph.addInitializer(graph.freshName(`${output.name}_float`), storedFloats(stored)));
  } else if (node.op === 'QuantizeLinear') {
    const same = build.op('Identity', [saturated(build, x, { scale, zeroPoint })]);
    real.mark(same, { scale, zeroPoint });
    replace(graph, node, same);
  } else if (node.op === 'DequantizeLinear') {
    if (!real.gridOf(x) && !isPlain(node)) return;
    replace(graph, node, real.of(x, { scale, zeroPoint }, node.int('axis', 1)) as Value);
  } else if (node.op === 'DynamicQuantizeLinear') {
    dropDynamic(real, graph, node);
  } else if (isInteger(node)) {
    const result = realRules[`${node.domain}:${node.op}`]?.(real, node);
    if (!result) throw unknown(node);
    const value = result.grid ? saturated(build, result.value, result.grid) : result.value;
    replace(graph, node, value);
    if (result.grid) real.mark(value, result.grid);
  } else {
    const grid = node.inputs.map((input) => real.gridOf(input)).find((each) => each);
    if (grid) passOn(real, node, grid);
  }
}

/** A constant weight in 8 bits or more, not in blocks. */
function isPlain(node: Node): boolean {
  const [x] = node.inputs;
  return x?.constant !== undefined && node.int('block_size', 0) === 0 && node.outputs[0]?.dtype === 'float32';
}

function replace(graph: Graph, node: Node, value: Value): void {
  const [output] = node.outputs;
  if (output) graph.replace(output, value);
  graph.remove(node);
}

/** Integers as they come: the value as it is, with scale 1 and zero point 0. */
function dropDynamic(real: RealValues, graph: Graph, node: Node): void {
  const { build } = real;
  const [x] = node.inputs;
  const [integers, scale, zeroPoint] = node.outputs;
  const same = build.op('Identity', [x]);
  const one = build.scalar(1);
  const zero = build.scalar(0, 'uint8');
  if (integers) graph.replace(integers, same);
  if (scale) graph.replace(scale, one);
  if (zeroPoint) graph.replace(zeroPoint, zero);
  real.mark(same, { scale: one, zeroPoint: zero });
  graph.remove(node);
}

/** A node that moves or compares integers does the same to floats; constants beside them are on the same grid. */
function passOn(real: RealValues, node: Node, grid: Grid): void {
  node.inputs.forEach((input, index) => {
    if (input && isNarrow(input) && !real.gridOf(input)) node.setInput(index, real.of(input, grid));
  });
  const moved = node.outputs.filter((output) => output && isNarrow(output));
  real.build.type(node);
  for (const output of moved) if (output) real.mark(output, grid);
}

/** An output that callers get in integers stays in integers. */
function restoreOutput(real: RealValues, graph: Graph, output: Value): void {
  const grid = real.gridOf(output) ?? real.gridOf(output.producer?.inputs[0]);
  if (!grid) return;
  const index = graph.outputs.indexOf(output);
  const [integers] = real.build.node('QuantizeLinear', [output, grid.scale, grid.zeroPoint]);
  [output.name, integers.name] = [integers.name, output.name];
  graph.outputs[index] = integers;
}

function unknown(node: Node): UnsupportedError {
  return new UnsupportedError({
    what: 'The operator on integers cannot be said in floats',
    where: node.label,
    fix: 'Start from the floating-point original instead.',
  });
}
