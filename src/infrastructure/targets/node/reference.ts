import type { Tensor } from '../../../onnx/index.js';
import type { Tensors } from '../../runtime/index.js';
import { createNodeRuntime } from '../../runtime/node/index.js';
import { pack, unpack } from '../../runtime/shared/tensors.js';

/**
 * What onnxruntime-node answers on one thread: what targets are compared with. The feeds are copied.
 * @param fetch outputs wanted. Default: all.
 * @throws RuntimeError where the model does not run there; Stopped when aborted.
 */
export async function referenceAnswers(
  model: Uint8Array,
  feeds: Tensors,
  fetch?: readonly string[],
  signal?: AbortSignal,
): Promise<Record<string, Tensor>> {
  const native = createNodeRuntime({ threads: 1 });
  try {
    const program = await native.compile(model, { signal });
    return await program.run(copied(feeds), fetch ?? program.outputs);
  } finally {
    await native.dispose();
  }
}

/** Feeds may be transferred to another thread. */
export function copied(feeds: Tensors): Record<string, Tensor> {
  return unpack(pack(feeds, false).tensors);
}
