import { sizeOf } from '../../base/index.js';
import { type Model, type Pass, staticShape, Tensor, type Value } from '../../onnx/index.js';
import { Inference } from '../inference.js';

export const knownIntegers: Pass = {
  name: 'fix-known-integers',
  summary: 'Integers that follow from static shapes are read as constants: pads, bounds, sizes, axes.',
  kind: 'form',
  requires: [],
  ensures: [],
  run: fixKnownIntegers,
};

/**
 * Lets nodes read constants in place of the integers that follow from static shapes. Exporters of models with dynamic axes compute pads, bounds,
 * sizes and axes from Shape nodes; gradient rules must know them. The nodes that computed them stay, unread.
 */
function fixKnownIntegers(model: Model): number {
  let count = 0;
  const inference = new Inference(model.opsets);
  inference.graph(model.graph);
  for (const node of [...model.graph.nodes]) {
    for (const output of node.outputs) {
      const tensor = output && !output.constant ? knownTensor(inference, output) : undefined;
      if (!output || !tensor) continue;
      const known = model.graph.addInitializer(model.graph.freshName(output.name), tensor);
      for (const use of output.uses()) use.node.setInput(use.index, known);
      count++;
    }
  }
  return count;
}

function knownTensor(inference: Inference, value: Value): Tensor | undefined {
  const shape = staticShape(value.shape);
  const contents = inference.integers(value);
  if (!shape || !contents || (value.dtype !== 'int64' && value.dtype !== 'int32')) return undefined;
  const numbers = contents.filter((dim) => typeof dim === 'number' && Number.isSafeInteger(dim)) as number[];
  return numbers.length === sizeOf(shape) ? Tensor.from(value.dtype, shape, numbers) : undefined;
}
