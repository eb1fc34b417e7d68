import { GraphError } from '../../base/index.js';
import {
  type Bindings,
  constantInitializers,
  copyModel,
  type Dim,
  deadCode,
  inlinedFunctions,
  type Model,
  staticShape,
} from '../../onnx/index.js';
import { dequantized, forms, inferShapes, literalShapes, unfused, widened } from '../../ops/index.js';
import { forgetShapes } from './shrink.js';

/**
 * Sizes that stand for symbolic dimensions other than the batch while a graph is looked at, the first that the graph can have: most image
 * and sequence models take 64, some windows need more, and some positions are fewer.
 */
const ASSUMED = [64, 512, 4096, 16, 1];

/**
 * A copy of a model with static shapes: symbolic dimensions are bound to the sizes given, else the batch to 1 and the others to a size that
 * fits. Functions are inlined, fused operators, integers and half precision said in plain floats, Constant nodes turned into initializers, sizes that are the same for
 * all inputs written as constants, and what nothing reads is left out.
 * @throws GraphError where no size fits.
 */
export function staticCopy(source: Model, bindings: Bindings = {}): Model {
  for (const [attempt, size] of ASSUMED.entries()) {
    const model = copyModel(source);
    forms.apply(model, [inlinedFunctions, widened, dequantized, unfused, constantInitializers, literalShapes, deadCode], undefined);
    const open = openDims(model);
    const assumed = Object.fromEntries([...open].map(([name, isBatch]) => [name, isBatch ? 1 : size]));
    try {
      inferShapes(model, { bindings: { ...assumed, ...bindings } });
      return model;
    } catch (error) {
      const mayRetry = attempt < ASSUMED.length - 1 && [...open].some(([name, isBatch]) => !isBatch && !Object.hasOwn(bindings, name));
      if (!(error instanceof GraphError) || !mayRetry) throw error;
    }
  }
  throw new GraphError({ what: 'No size of the symbolic dimensions fits the graph', where: source.source });
}

/** Symbolic dimensions of a model's inputs, and whether each is a batch: the first of an input. */
function openDims(model: Model): Map<string, boolean> {
  const found = new Map<string, boolean>();
  for (const input of model.graph.feeds) {
    input.shape?.forEach((dim, axis) => {
      if (typeof dim !== 'number' && !found.has(dim.text)) found.set(dim.text, axis === 0);
    });
  }
  return found;
}

/** Gives a model that was made static the open inputs and outputs of its source again. Both have the same ones, in the same order. */
export function restoreOpenShapes(model: Model, source: Model): void {
  model.graph.inputs.forEach((input, index) => {
    if (!input.initializer) input.type = source.graph.inputs[index].type;
  });
  model.graph.outputs.forEach((output, index) => {
    output.type = source.graph.outputs[index].type;
  });
  const isOpen = (shape: readonly Dim[] | undefined) => !staticShape(shape);
  if (!model.graph.inputs.some((input) => isOpen(input.shape))) return;
  forgetShapes(model.graph);
  inferShapes(model);
}
