import { copyModel, GraphBuilder, type Model, type Pass, removeDeadCode } from '../../../onnx/index.js';
import { BLOCKED_DOMAIN, Layouts } from './layout.js';
import { selectNodes } from './select.js';

/**
 * A copy of a model that keeps images in blocks of channels from convolution to convolution, in the operators of ONNX Runtime's domain
 * com.microsoft.nchwc. ONNX Runtime does the same by itself where weights are constant; in a training step they are not. The copy is only for
 * running: it needs a machine with that block. Results agree within rounding, except that the gradient of a maximum which several elements of
 * a pool's window share is shared out equally.
 *
 * Only float32 images of static shape take part, whose channels fill whole blocks; convolutions fill up the channels of others with zeros.
 * @param block channels in a block: 16 with AVX-512, 8 with AVX2.
 * @returns the model itself where there is nothing to gain.
 */
export function lowerToBlocked(source: Model, block: number): Model {
  const model = copyModel(source);
  return lowerInPlace(model, block) > 0 ? model : source;
}

/** See `lowerToBlocked`. @param block channels in a block. */
export function blockedImages(block: number): Pass {
  return {
    name: 'block-channels',
    summary: `Keeps images in blocks of channels (${block}) from convolution to convolution, where weights change between runs.`,
    kind: 'runtime',
    requires: [],
    ensures: [],
    run: (model) => lowerInPlace(model, block),
  };
}

function lowerInPlace(model: Model, block: number): number {
  const { graph } = model;
  graph.sort();
  const selected = selectNodes(graph, block);
  if (selected.size === 0) return 0;
  const layouts = new Layouts(new GraphBuilder(graph, { prefix: 'blocked' }), block);
  for (const [node, lowering] of selected) lowering.lower(node, layouts);
  for (const node of selected.keys()) {
    for (const output of node.outputs) {
      if (!output || !layouts.isBlocked(output)) continue;
      if (graph.outputs.includes(output)) graph.replace(output, layouts.plain(output));
      for (const use of output.uses()) if (!selected.has(use.node)) use.node.setInput(use.index, layouts.plain(output));
    }
  }
  graph.sort();
  removeDeadCode(graph);
  model.opsets.set(BLOCKED_DOMAIN, 1);
  return selected.size;
}
