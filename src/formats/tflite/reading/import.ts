import { EspalierError, FormatError, GraphError, UnsupportedError } from '../../../base/index.js';
import { Graph, Model } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import { operators } from '../operators/table.js';
import { ReadContext } from './context.js';
import { type Document, type OperatorInfo, readDocument } from './document.js';
import { dimsOf, ReadValues } from './values.js';

/** The version of ONNX's operators that models are read into. */
const OPSET = 21;

export interface DecodeOptions {
  /** Where the bytes are from, for messages. */
  source?: string;
}

/**
 * A TensorFlow Lite model as an ONNX graph that computes the same. Inputs and outputs keep their names, types and shapes; inside, images have their channels second, as
 * ONNX's operators want them, so that axes are moved at most at the edges and where a shape is changed. Integers with scales become QuantizeLinear and
 * DequantizeLinear around operators on floats, weights in integers stay so and are dequantized where they are read.
 * @throws FormatError where the file is damaged or contradicts itself; UnsupportedError for operators, versions and types that are not read. Both name what and where.
 */
export function decodeTflite(bytes: Uint8Array, { source }: DecodeOptions = {}): Model {
  try {
    const document = readDocument(bytes);
    const model = new Model(new Graph(document.name || 'main'), OPSET);
    model.producer = { name: 'tflite', version: document.description };
    model.source = source;
    for (const [key, text] of document.notes) model.metadata.set(key, text);
    importGraph(document, model);
    return model;
  } catch (error) {
    if (!(error instanceof EspalierError) || source === undefined) throw error;
    throw located(error, source);
  }
}

/** The same error, which says in which file. */
function located(error: EspalierError, source: string): EspalierError {
  const { what, where, expected, got, fix } = error;
  const facts = { what, where: where ? `${source}, ${where}` : source, expected, got, fix };
  if (error instanceof UnsupportedError) return new UnsupportedError(facts, { cause: error });
  if (error instanceof GraphError) return new GraphError(facts, { cause: error });
  return new FormatError(facts, { cause: error });
}

function importGraph(document: Document, model: Model): void {
  const { graph } = model;
  const build = typedBuilder(graph, model.opsets);
  const values = new ReadValues(build, document.outputs);
  for (const { name } of document.outputs) if (!document.inputs.some((input) => input.name === name)) graph.freshName(name);
  for (const info of document.inputs) {
    if (!info.shape) throw new FormatError({ what: 'The rank of an input is not known', where: `tensor ${info.index} "${info.name}"` });
    const value = build.input(info.name || `input_${info.index}`, info.dtype, dimsOf(info));
    values.store(info, value, 'own');
  }
  for (const operator of document.operators) readOperator(operator, document, values);
  const names = new Set<string>();
  for (const info of document.outputs) {
    const value = values.stored(info);
    const made = value.producer?.graph === graph && !graph.outputs.includes(value) ? value : build.op('Identity', [value]);
    const name =
      names.has(info.name) || graph.inputs.some((input) => input.name === info.name) ? graph.freshName(info.name) : info.name || made.name;
    names.add(name);
    made.name = name;
    graph.outputs.push(made);
  }
}

function readOperator(operator: OperatorInfo, { reader }: Document, values: ReadValues): void {
  const { name, where } = operator;
  const entry = name && operators.get(name);
  if (!entry) throw new UnsupportedError({ what: 'The operator is not read', where, fix: 'docs/tflite.md lists those that are.' });
  if (operator.version > entry.version || operator.version < 1)
    throw new UnsupportedError({
      what: 'The operator is of a version that is not known',
      where,
      expected: `1 to ${entry.version}`,
      got: `${operator.version}`,
    });
  const context = new ReadContext(operator, values, reader);
  try {
    entry.read(context);
  } catch (error) {
    // What the graph's own rules say of shapes is about this operator.
    if (error instanceof GraphError && !error.where?.startsWith('operator'))
      throw new FormatError(
        { what: `The operator contradicts itself: ${error.what}`, where, expected: error.expected, got: error.got },
        { cause: error },
      );
    throw error;
  }
}
