import { copyModel, type Model, type Tensor } from '../onnx/index.js';

/** A copy of a model with other contents in the named tensors, be they initializers or Constant nodes, of the graph or of a branch inside it. */
export function withWeights(source: Model, weights: ReadonlyMap<string, Tensor>): Model {
  const model = copyModel(source);
  for (const value of model.graph.values(true)) {
    const tensor = weights.get(value.name);
    if (!tensor) continue;
    if (value.initializer) value.initializer = tensor;
    else if (value.producer && value.constant) {
      value.producer.attributes.clear();
      value.producer.attributes.set('value', { type: 'tensor', value: tensor });
    }
  }
  return model;
}
