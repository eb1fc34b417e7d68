import { GraphError } from '../../base/index.js';
import { copyModel, type Model, type Pass } from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import { forgetShapes } from './forget-sizes.js';

/** A number of samples that is not what exporters trace with. */
const SEVERAL = 3;

/**
 * A model whose inputs leave the number of samples open although a Reshape, say, inside holds for one sample only: a copy that declares the one, so that
 * it is fed and freed as what it is. The model itself where nothing contradicts several samples.
 */
export function declareBatch(source: Model): Model {
  const { feeds } = source.graph;
  const isOpen = feeds.length > 0 && feeds.every(({ shape }) => shape && shape.length > 0 && typeof shape[0] !== 'number');
  if (!isOpen || withBatch(source, SEVERAL)) return source;
  return withBatch(source, 1) ?? source;
}

export const declaredBatch: Pass = {
  name: 'declare-batch',
  summary: 'Inputs that leave the number of samples open, although something inside holds for one sample only, say so.',
  kind: 'form',
  requires: [],
  ensures: [],
  run: (model) => {
    const declared = declareBatch(model);
    if (declared === model) return 0;
    model.graph = declared.graph;
    return model.graph.nodes.length;
  },
};

/** The model for so many samples; undefined where its shapes contradict that. */
function withBatch(source: Model, size: number): Model | undefined {
  const model = copyModel(source);
  for (const input of model.graph.feeds)
    if (input.type?.kind === 'tensor' && input.shape) input.type = { ...input.type, shape: [size, ...input.shape.slice(1)] };
  forgetShapes(model.graph);
  const outputs = model.graph.outputs.map(({ type }) => type);
  try {
    inferShapes(model);
  } catch (error) {
    if (error instanceof GraphError) return undefined;
    throw error;
  }
  model.graph.outputs.forEach((output, index) => {
    const declared = outputs[index];
    // Only the first dimension is another one.
    if (declared?.kind === 'tensor' && declared.shape?.length && typeof declared.shape[0] !== 'number')
      output.type = { ...declared, shape: [size, ...declared.shape.slice(1)] };
  });
  return model;
}
