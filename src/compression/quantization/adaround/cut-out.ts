import { copyModel, type Model, removeDeadCode, Tensor, Value } from '../../../onnx/index.js';

/**
 * The part of a model that makes some values of its main graph from others, as a model of its own. Values keep their names; tensors are shared.
 * @param inputs values that it is fed; those that are the model's inputs already, and that it reads, are its inputs as well.
 */
export function cutOut(source: Model, inputs: readonly string[], outputs: readonly string[]): Model {
  const model = copyModel(source);
  const { graph } = model;
  const values = new Map([...graph.values()].map((value) => [value.name, value]));
  graph.outputs.length = 0;
  for (const name of inputs) {
    const value = values.get(name);
    if (!value || graph.inputs.includes(value)) continue;
    const input = new Value(name, value.type);
    value.name = graph.freshName(name);
    graph.inputs.push(input);
    graph.replace(value, input);
    values.set(name, input);
  }
  for (const name of outputs) {
    const value = values.get(name);
    if (value) graph.outputs.push(value);
  }
  removeDeadCode(graph);
  const read = graph.inputs.filter((input) => input.readers.size > 0 || graph.outputs.includes(input));
  graph.inputs.length = 0;
  graph.inputs.push(...read);
  return model;
}

/** Gives some initializers of a model's main graph, by name, other contents, in place, in the order of their own axes. */
export function setContents({ graph }: Model, contents: ReadonlyMap<string, Float32Array>): void {
  for (const value of graph.initializers) {
    const numbers = contents.get(value.name);
    if (numbers && value.initializer) value.initializer = Tensor.of('float32', value.initializer.shape, numbers);
  }
}
