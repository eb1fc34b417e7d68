import { RuntimeError } from '../../../../base/index.js';
import { decodeModel } from '../../../../onnx/index.js';
import { isQuantized } from '../../../../ops/index.js';
import { lowerGraph, planMemory, prepare } from '../../../codegen/index.js';
import type { Tensors } from '../../../runtime/index.js';
import { createNodeRuntime } from '../../../runtime/node/index.js';
import { agreementOf } from '../../agreement.js';
import { QUANTIZED_TOLERANCE } from '../../compiled.js';
import { RUNS } from '../../node/native.js';
import type { Target } from '../../node/target.js';
import { c } from '../facts.js';
import { buildNative, compilerOf, type NativeModel } from './build.js';

/** C99 that is made of the model, compiled by this machine's compiler. */
export const cTarget: Target = {
  ...c,
  usual: false,
  check: async ({ model, feeds, expected, tolerance, signal }) => {
    const compiler = await compilerOf();
    if (!compiler) return { status: 'not checked', detail: 'there is no C compiler: install gcc or clang, or name one by the variable CC' };
    try {
      const limit = tolerance ?? (isQuantized(decodeModel(model)) ? QUANTIZED_TOLERANCE : c.tolerance);
      return await withNative(model, feeds, { compiler, signal }, async (native) => agreementOf(expected, await native.run(feeds), limit));
    } catch (cause) {
      if (cause instanceof RuntimeError) return { status: 'fails', detail: cause.message };
      throw cause;
    }
  },
  measure: async ({ model, feeds, runs = RUNS, signal }) => {
    const compiler = await compilerOf();
    if (!compiler) return undefined;
    return withNative(model, feeds, { compiler, signal }, (native) => native.time(feeds, runs));
  },
};

async function withNative<T>(
  bytes: Uint8Array,
  feeds: Tensors,
  options: { compiler: string; signal?: AbortSignal },
  work: (native: NativeModel) => Promise<T>,
): Promise<T> {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const shapes = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
    const lowered = lowerGraph(await prepare(decodeModel(bytes), { runtime, shapes }));
    const native = await buildNative(lowered, planMemory(lowered.kernels), options);
    try {
      return await work(native);
    } finally {
      await native.dispose();
    }
  } finally {
    await runtime.dispose();
  }
}
