import type { Extras } from './extras.js';
import { type Attribute, Graph, Node, Value } from './graph.js';
import { type FunctionDefinition, Model } from './model.js';

/** Turns an attribute of the original into the copy's, or drops it. */
type Resolve = (attribute: Attribute) => Attribute | undefined;

export interface GraphCopy {
  graph: Graph;
  /** Copy of each value of the original. */
  values: Map<Value, Value>;
}

/**
 * A deep copy of a graph: nodes and values are new, tensors (which never change) are shared. Values of enclosing graphs that it reads are
 * read by the copy too.
 */
export function copyGraph(source: Graph, resolve: Resolve = (attribute) => attribute): GraphCopy {
  const values = new Map<Value, Value>();
  return { graph: copyInto(source, values, resolve), values };
}

/** A copy of a model that may be changed without changing the original. */
export function copyModel(source: Model): Model {
  const model = new Model(copyGraph(source.graph).graph);
  for (const [domain, version] of source.opsets) model.opsets.set(domain, version);
  for (const [key, value] of source.metadata) model.metadata.set(key, value);
  for (const definition of source.functions) model.functions.push(copyFunction(definition));
  model.irVersion = source.irVersion;
  model.producer = { ...source.producer };
  model.domain = source.domain;
  model.version = source.version;
  model.extras = copyExtras(source.extras);
  model.source = source.source;
  return model;
}

/**
 * The body of a function for one call: attribute references replaced by the caller's attributes or the defaults. Its inputs and outputs
 * stand for the caller's, in order.
 */
export function instantiate(definition: FunctionDefinition, call: Node): GraphCopy {
  const given = new Map([...definition.defaults, ...call.attributes]);
  return copyGraph(definition.graph, (attribute) => (attribute.type === 'ref' ? given.get(attribute.value) : attribute));
}

function copyFunction(definition: FunctionDefinition): FunctionDefinition {
  return {
    ...definition,
    graph: copyGraph(definition.graph).graph,
    attributes: [...definition.attributes],
    extras: copyExtras(definition.extras),
    opsets: new Map(definition.opsets),
    defaults: new Map(definition.defaults),
  };
}

function copyInto(source: Graph, values: Map<Value, Value>, resolve: Resolve): Graph {
  const graph = new Graph(source.name);
  graph.extras = copyExtras(source.extras);
  for (const input of source.inputs) graph.inputs.push(copyValue(input, values));
  for (const value of source.initializers) graph.initializers.add(copyValue(value, values));
  // Values first: nodes may be listed in any order.
  for (const node of source.nodes) for (const output of node.outputs) if (output) copyValue(output, values);
  for (const node of source.nodes) graph.add(copyNode(node, values, resolve));
  for (const output of source.outputs) graph.outputs.push(values.get(output) ?? output);
  return graph;
}

/** The copy of a value, made where there is none yet. */
export function copyValue(source: Value, values: Map<Value, Value>): Value {
  const known = values.get(source);
  if (known) return known;
  const value = new Value(source.name, source.type);
  value.initializer = source.initializer;
  value.extras = copyExtras(source.extras);
  values.set(source, value);
  return value;
}

/** A copy of a node that reads and makes the copies of values where there are any. */
export function copyNode(source: Node, values: Map<Value, Value>, resolve: Resolve = (attribute) => attribute): Node {
  const node = new Node(source.op, source.domain, source.name);
  node.overload = source.overload;
  node.extras = copyExtras(source.extras);
  for (const [name, original] of source.attributes) {
    const attribute = resolve(original);
    if (attribute?.type === 'graph') node.attributes.set(name, { type: 'graph', value: copyInto(attribute.value, values, resolve) });
    else if (attribute?.type === 'graphs') {
      node.attributes.set(name, { type: 'graphs', value: attribute.value.map((graph) => copyInto(graph, values, resolve)) });
    } else if (attribute) node.attributes.set(name, attribute);
  }
  source.inputs.forEach((input, index) => {
    node.setInput(index, input && (values.get(input) ?? input));
  });
  source.outputs.forEach((output, index) => {
    node.setOutput(index, output && values.get(output));
  });
  return node;
}

function copyExtras(extras: Extras | undefined): Extras | undefined {
  return extras && { ...extras, metadata: extras.metadata && new Map(extras.metadata) };
}
