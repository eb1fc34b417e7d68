import { FormatError, UnsupportedError } from '../../../base/index.js';
import { type Model, type Node, removeDeadCode, type Value } from '../../../onnx/index.js';
import { inferShapes, TRAINING_OPSET, unfuse, upgradeOpset } from '../../../ops/index.js';
import type { Layout } from '../layout.js';
import { writers } from '../operators/table.js';
import { encodeTables } from '../wire/encode.js';
import { WriteContext } from './context.js';
import { writeInput, writeOutput } from './edges.js';
import { gridOf, isConstant, sameGrid } from './values.js';
import { Writer } from './writer.js';

export interface EncodeOptions {
  /**
   * How the axes of inputs and outputs of rank 3 and more lie: as in the model, moved at the edges where operators want their channels last; or with channels last, as
   * is usual in TensorFlow Lite, so that nothing is moved. Default: 'as-is'.
   */
  layout?: 'as-is' | 'channels-last';
}

/** Keys of metadata that go with the model; others are other programs'. */
const OWN = 'espalier.';

/**
 * The bytes of a TensorFlow Lite model that computes what an ONNX graph does, in its built-in operators. Between QuantizeLinear and DequantizeLinear operators compute
 * in signed integers of 8 (or 16) bits; weights in integers beside floats stay integers in the file. Shapes must be known but for the number of samples. To have shape
 * arithmetic folded first, hand in what `simplify` makes of the model.
 * @throws UnsupportedError naming a node that TensorFlow Lite's operators cannot say, and why.
 */
export function encodeTflite(source: Model, { layout = 'as-is' }: EncodeOptions = {}): Uint8Array {
  const model = upgradeOpset(unfuse(source), TRAINING_OPSET);
  const { graph } = model;
  inferShapes(model);
  removeDeadCode(graph);
  graph.sort();
  const writer = new Writer(graph);
  const edge: Layout = layout === 'channels-last' ? 'other' : 'own';
  const inputs = graph.feeds.map((value) => writeInput(writer, value, edgeOf(value, edge)));
  const needed = neededFor(graph.outputs);
  for (const node of graph.nodes) if (needed.has(node) && !writer.done.has(node)) writeNode(writer, node);
  const outputs = graph.outputs.map((value) => {
    const tensor = writeOutput(writer, value, edgeOf(value, edge));
    writer.parts.rename(tensor, value.name);
    return tensor;
  });
  const notes = new Map([...model.metadata].filter(([key]) => key.startsWith(OWN)));
  return encodeTables(writer.parts.tables(inputs, outputs, graph.name || 'main', notes));
}

/** Nodes that outputs follow from; what computes sizes that are known is none of them. */
function neededFor(outputs: readonly Value[]): ReadonlySet<Node> {
  const needed = new Set<Node>();
  const open = outputs.flatMap(({ producer }) => producer ?? []);
  for (let node = open.pop(); node; node = open.pop()) {
    if (needed.has(node)) continue;
    needed.add(node);
    const known = (node.domain === '' && writers.get(node.op)?.known) || [];
    node.inputs.forEach((input, index) => {
      if (input?.producer && !isConstant(input) && !known.includes(index)) open.push(input.producer);
    });
  }
  return needed;
}

function edgeOf({ shape }: Value, layout: Layout): Layout {
  return (shape?.length ?? 0) >= 3 ? layout : 'own';
}

function writeNode(writer: Writer, node: Node): void {
  if (node.op === 'Constant' && node.domain === '') return;
  if (node.outputs.length === 1 && isConstant(node.outputs[0])) return;
  if (node.domain === '' && node.op === 'QuantizeLinear') {
    writeQuantize(writer, node);
    return;
  }
  if (node.domain === '' && node.op === 'DequantizeLinear') {
    writeDequantize(writer, node);
    return;
  }
  const rule = node.domain === '' ? writers.get(node.op) : undefined;
  if (!rule)
    throw new UnsupportedError({
      what: 'The node cannot be written for TensorFlow Lite: there is no such operator among its built-in ones that are written',
      where: node.label,
      fix: /Integer$|^DynamicQuantize|^QLinear/.test(node.op)
        ? 'Quantize the float original with data (espalier quantize MODEL --data DATA), so that every value has a scale of its own.'
        : 'docs/tflite.md lists what is written.',
    });
  const context = new WriteContext(writer, node, rule);
  try {
    rule.write(context, node);
    const lost = node.outputs.findIndex((output, index) => index > 0 && output && isRead(writer, output) && !writer.isHeld(output));
    if (lost > 0) context.refuse(`its output ${lost} is not to be had`);
  } catch (error) {
    if (!(error instanceof FormatError) && !(error instanceof UnsupportedError)) throw error;
    if (error.where?.includes(node.label)) throw error;
    const { what, expected, got, fix } = error;
    throw new UnsupportedError(
      { what, where: `${node.label}${error.where ? `, ${error.where}` : ''}`, expected, got, fix },
      { cause: error },
    );
  }
}

function isRead(writer: Writer, value: Value): boolean {
  return value.readers.size > 0 || writer.graph.outputs.includes(value);
}

function writeQuantize(writer: Writer, node: Node): void {
  const [source] = node.inputs;
  const [made] = node.outputs;
  const grid = gridOf(node);
  if (!source || !made || !grid) throw ungridded(node);
  writer.quantized(made, source, grid);
}

function writeDequantize(writer: Writer, node: Node): void {
  const [source] = node.inputs;
  const [made] = node.outputs;
  if (!source || !made) throw ungridded(node);
  if (isConstant(made)) return;
  const grid = gridOf(node);
  const own = writer.gridOf(source);
  if (!grid || !own || !sameGrid(grid, own)) throw ungridded(node);
  writer.share(made, source);
}

function ungridded(node: Node): UnsupportedError {
  return new UnsupportedError({
    what: 'The scale cannot be said in TensorFlow Lite',
    where: node.label,
    expected:
      'one constant scale and zero point for the whole value, the same where it is quantized and dequantized, in int8, uint8 or (symmetric) int16',
  });
}
