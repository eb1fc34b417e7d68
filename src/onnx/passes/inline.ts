import { copyModel, instantiate } from '../copy.js';
import type { Graph, Model, Node } from '../graph.js';

/** A copy of the model in which every call of one of its functions is replaced by the function's body, functions inside functions included. */
export function inlineFunctions(source: Model): Model {
  if (source.functions.length === 0) return source;
  const model = copyModel(source);
  for (const definition of model.functions) {
    for (const [domain, version] of definition.opsets) if (!model.opsets.has(domain)) model.opsets.set(domain, version);
  }
  inlineGraph(model.graph, model);
  model.functions.length = 0;
  return model;
}

function inlineGraph(graph: Graph, model: Model): void {
  for (let index = 0; index < graph.nodes.length; index++) {
    const call = graph.nodes[index];
    for (const inner of call.subgraphs()) inlineGraph(inner, model);
    const definition = model.functions.find(
      (each) => each.name === call.op && each.domain === call.domain && each.overload === call.overload,
    );
    if (!definition) continue;
    const body = instantiate(definition, call).graph;
    graph.nodes.splice(index, 1, ...body.nodes);
    adopt(graph, body, call);
    index--;
  }
}

/** Connects a body's nodes to what the call read and to who read the call. */
function adopt(graph: Graph, body: Graph, call: Node): void {
  for (const node of body.nodes) {
    node.graph = graph;
    node.name = graph.freshName(`${call.name || call.op}/${node.name || node.op}`);
    for (const output of node.outputs) if (output) output.name = graph.freshName(`${call.name || call.op}/${output.name}`);
  }
  body.inputs.forEach((parameter, index) => {
    for (const use of parameter.uses()) use.node.setInput(use.index, call.inputs[index]);
  });
  call.outputs.forEach((result, index) => {
    if (!result) return;
    const made = body.outputs[index];
    const passed = body.inputs.indexOf(made);
    graph.replace(result, passed >= 0 ? (call.inputs[passed] as typeof made) : made);
  });
  for (let index = 0; index < call.inputs.length; index++) call.setInput(index, undefined);
}
