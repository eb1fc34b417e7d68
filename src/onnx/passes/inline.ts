import { calleesOf, checkCalls } from '../calls.js';
import { copyModel, instantiate } from '../copy.js';
import type { Graph, Node, Value } from '../graph.js';
import type { FunctionDefinition, Model } from '../model.js';
import { constantsAreInitializers, functionsWrittenOut, typesAreKnown } from './conditions.js';
import type { Pass } from './pass.js';

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
  writeOutCalls(model);
  return model;
}

export const inlinedFunctions: Pass = {
  name: 'inline-functions',
  summary: "Writes out calls of the model's functions.",
  kind: 'form',
  requires: [],
  ensures: [functionsWrittenOut],
  breaks: [constantsAreInitializers, typesAreKnown],
  run: (model) => {
    checkCalls(model);
    return writeOutCalls(model);
  },
};

function writeOutCalls(model: Model): number {
  for (const definition of model.functions) {
    for (const [domain, version] of definition.opsets) if (!model.opsets.has(domain)) model.opsets.set(domain, version);
  }
  const count = inlineGraph(model.graph, calleesOf(model.functions));
  model.functions.length = 0;
  return count;
}

/** @returns how many calls there were. */
function inlineGraph(graph: Graph, callee: Callee): number {
  let count = 0;
  for (let queue = [...graph.nodes]; queue.length > 0; ) {
    const calls = queue.filter(callee);
    for (const node of queue) for (const inner of node.subgraphs()) count += inlineGraph(inner, callee);
    queue = calls.flatMap((call) => writeOut(graph, call, callee));
    graph.removeAll(calls);
    count += calls.length;
  }
  if (count > 0) graph.sort();
  return count;
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
