import { Graph, Model, Node, type Tensor, Value } from '../../onnx/index.js';

/** A model of its own that computes a few values of another. */
export interface ConstantPart {
  part: Model;
  /** What the part calls the wanted values. */
  names: ReadonlyMap<Value, string>;
}

/**
 * A model without inputs that computes the wanted values by the nodes given (in order, without subgraphs). What those read and do not make must be
 * constant or `known`.
 */
export function constantPart(
  source: Model,
  nodes: readonly Node[],
  wanted: readonly Value[],
  known: ReadonlyMap<Value, Tensor>,
): ConstantPart {
  const graph = new Graph('constants');
  const values = new Map<Value, Value>();
  const read = (value: Value): Value => {
    const copy = values.get(value) ?? addConstant(graph, value, known);
    values.set(value, copy);
    return copy;
  };
  for (const node of nodes) {
    const copy = new Node(node.op, node.domain, node.name);
    for (const [name, attribute] of node.attributes) copy.attributes.set(name, attribute);
    node.inputs.forEach((input, index) => {
      copy.setInput(index, input && read(input));
    });
    node.outputs.forEach((output, index) => {
      const made = output && new Value(graph.freshName(output.name), output.type);
      copy.setOutput(index, made);
      if (made) values.set(output, made);
    });
    graph.add(copy);
  }
  for (const value of wanted) graph.outputs.push(values.get(value) as Value);
  const part = new Model(graph);
  for (const [domain, version] of source.opsets) part.opsets.set(domain, version);
  part.irVersion = source.irVersion;
  return { part, names: new Map(wanted.map((value) => [value, (values.get(value) as Value).name])) };
}

function addConstant(graph: Graph, value: Value, known: ReadonlyMap<Value, Tensor>): Value {
  const tensor = known.get(value) ?? value.constant;
  if (!tensor) throw new Error(`"${value.name}" is no constant`);
  return graph.addInitializer(graph.freshName(value.name), tensor);
}
