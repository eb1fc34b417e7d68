import type { Tensor } from '../../../onnx/index.js';
import type { CompileOptions, Tensors } from '../../runtime/index.js';
import { createNodeRuntime } from '../../runtime/node/index.js';
import { pack, unpack } from '../../runtime/shared/tensors.js';

export interface ReferenceOptions extends Pick<CompileOptions, 'floatProducts' | 'signal'> {
  /** Outputs wanted. Default: all. */
  readonly fetch?: readonly string[];
}

/**
 * What onnxruntime-node answers on one thread: what targets are compared with. The feeds are copied.
 * @throws RuntimeError where the model does not run there; Stopped when aborted.
 */
export async function referenceAnswers(
  model: Uint8Array,
  feeds: Tensors,
  { fetch, ...options }: ReferenceOptions = {},
): Promise<Record<string, Tensor>> {
  const native = createNodeRuntime({ threads: 1 });
  try {
    const program = await native.compile(model, options);
    return await program.run(copied(feeds), fetch ?? program.outputs);
  } finally {
    await native.dispose();
  }
}

/** Feeds may be transferred to another thread. */
export function copied(feeds: Tensors): Record<string, Tensor> {
  return unpack(pack(feeds, false).tensors);
}
