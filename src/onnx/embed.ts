import { GraphError } from '../base/index.js';
import type { GraphBuilder } from './builder.js';
import { copyGraph } from './copy.js';
import type { Value } from './graph.js';
import type { Model } from './model.js';

/**
 * Copies another model's graph into the one being built, reading `inputs` in place of its own inputs. Names get the prefix. Both models must
 * be at the same opset (see upgradeOpset in ops); functions must have been inlined.
 * @param inputs by the embedded model's input names; those with an initializer may be left out.
 * @returns the embedded outputs, by their own names.
 * @throws GraphError where an input is missing.
 */
export function embedModel(
  build: GraphBuilder,
  model: Model,
  inputs: Readonly<Record<string, Value>>,
  prefix: string,
): Record<string, Value> {
  const { graph, values } = copyGraph(model.graph);
  const target = build.graph;
  const parameters = new Set<Value>();
  for (const original of model.graph.inputs) {
    const parameter = values.get(original) as Value;
    const given = Object.hasOwn(inputs, original.name) ? inputs[original.name] : undefined;
    if (given) {
      for (const { node, index } of parameter.uses()) node.setInput(index, given);
      values.set(original, given);
      parameters.add(parameter);
    } else if (!parameter.initializer) {
      throw new GraphError({ what: `Nothing is given for the input "${original.name}" of the embedded model`, where: model.source });
    }
  }
  for (const value of graph.values(true)) if (!parameters.has(value)) value.name = target.freshName(`${prefix}/${value.name}`);
  for (const value of graph.initializers) if (!parameters.has(value) && isUsed(value, graph.outputs)) target.initializers.add(value);
  for (const node of graph.nodes) {
    node.name = target.freshName(`${prefix}/${node.name || node.op}`);
    target.add(node);
    build.type(node);
  }
  return Object.fromEntries(model.graph.outputs.map((output) => [output.name, values.get(output) as Value]));
}

function isUsed(value: Value, outputs: readonly Value[]): boolean {
  return value.readers.size > 0 || outputs.includes(value);
}
