import { type Attribute, type FunctionDefinition, Graph, Node, Value } from '../onnx/index.js';

/**
 * A copy of a function's body for one call: attribute references replaced by the caller's attributes or the defaults. Its inputs and
 * outputs stand for the caller's, in order. Initializer-free, as functions are.
 */
export function instantiate(definition: FunctionDefinition, call: Node): Graph {
  const given = new Map([...definition.defaults, ...call.attributes]);
  return copyGraph(definition.graph, given, new Map());
}

function copyGraph(source: Graph, given: ReadonlyMap<string, Attribute>, values: Map<Value, Value>): Graph {
  const graph = new Graph(source.name);
  const copy = (value: Value): Value => {
    const known = values.get(value);
    if (known) return known;
    const made = new Value(value.name, value.type);
    made.initializer = value.initializer;
    values.set(value, made);
    return made;
  };
  for (const input of source.inputs) graph.inputs.push(copy(input));
  for (const value of source.initializers) graph.initializers.add(copy(value));
  for (const node of source.nodes) graph.add(copyNode(node, given, values, copy));
  for (const output of source.outputs) graph.outputs.push(values.get(output) ?? output);
  return graph;
}

function copyNode(source: Node, given: ReadonlyMap<string, Attribute>, values: Map<Value, Value>, define: (value: Value) => Value): Node {
  const node = new Node(source.op, source.domain, source.name);
  node.overload = source.overload;
  for (const [name, attribute] of source.attributes) {
    const actual = attribute.type === 'ref' ? given.get(attribute.value) : attribute;
    if (actual?.type === 'graph') node.attributes.set(name, { type: 'graph', value: copyGraph(actual.value, given, values) });
    else if (actual) node.attributes.set(name, actual);
  }
  // Values of an enclosing graph that the copy does not contain are read as they are.
  source.inputs.forEach((input, index) => {
    node.setInput(index, input && (values.get(input) ?? input));
  });
  source.outputs.forEach((output, index) => {
    node.setOutput(index, output && define(output));
  });
  return node;
}
