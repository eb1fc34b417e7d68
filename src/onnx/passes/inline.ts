import { calleesOf, checkCalls } from '../calls.js';
import { copyModel, instantiate } from '../copy.js';
import type { Graph, Node, Value } from '../graph.js';
import type { FunctionDefinition, Model } from '../model.js';

type Callee = (node: Node) => FunctionDefinition | undefined;

/**
 * A copy of the model in which every call of one of its functions is replaced by the function's body, functions inside functions included.
 * The model itself where it has none.
 * @throws GraphError where a function calls itself.
 */
export function inlineFunctions(source: Model): Model {
  if (source.functions.length === 0) return source;
  checkCalls(source);
  const model = copyModel(source);
  for (const definition of model.functions) {
    for (const [domain, version] of definition.opsets) if (!model.opsets.has(domain)) model.opsets.set(domain, version);
  }
  inlineGraph(model.graph, calleesOf(model.functions));
  model.functions.length = 0;
  return model;
}

function inlineGraph(graph: Graph, callee: Callee): void {
  let changed = false;
  for (let queue = [...graph.nodes]; queue.length > 0; ) {
    const calls = queue.filter(callee);
    for (const node of queue) for (const inner of node.subgraphs()) inlineGraph(inner, callee);
    queue = calls.flatMap((call) => writeOut(graph, call, callee));
    graph.removeAll(calls);
    changed ||= calls.length > 0;
  }
  if (changed) graph.sort();
}

/** Adds the body that a call stands for and lets everything that read the call read it. */
function writeOut(graph: Graph, call: Node, callee: Callee): Node[] {
  const definition = callee(call);
  if (!definition) return [];
  const { graph: body } = instantiate(definition, call);
  const prefix = call.name || call.op;
  const parameters = new Set(body.inputs);
  for (const value of body.values(true)) if (!parameters.has(value)) value.name = graph.freshName(`${prefix}/${value.name}`);
  for (const node of body.nodes) {
    node.name = graph.freshName(`${prefix}/${node.name || node.op}`);
    graph.add(node);
  }
  body.inputs.forEach((parameter, index) => {
    for (const use of parameter.uses()) use.node.setInput(use.index, call.inputs[index]);
  });
  call.outputs.forEach((result, index) => {
    const made: Value | undefined = body.outputs[index];
    if (!result) return;
    const passed = made && parameters.has(made) ? body.inputs.indexOf(made) : -1;
    const replacement = passed >= 0 ? call.inputs[passed] : made;
    if (replacement) graph.replace(result, replacement);
    else for (const use of result.uses()) use.node.setInput(use.index, undefined);
  });
  return [...body.nodes];
}
