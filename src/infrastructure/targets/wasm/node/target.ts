import { RuntimeError } from '../../../../base/index.js';
import { decodeModel, Tensor } from '../../../../onnx/index.js';
import { isQuantized } from '../../../../ops/index.js';
import { lowerGraph, planMemory, prepare } from '../../../codegen/index.js';
import type { Tensors } from '../../../runtime/index.js';
import { createNodeRuntime } from '../../../runtime/node/index.js';
import { agreementOf } from '../../agreement.js';
import { QUANTIZED_TOLERANCE } from '../../compiled.js';
import { RUNS } from '../../node/native.js';
import type { Target } from '../../node/target.js';
import { wasm } from '../facts.js';
import { loaderSource, wasmModule, wasmSchedule } from '../index.js';

/** A WebAssembly module that is made of the model, run by Node: a page has the same. */
export const wasmTarget: Target = {
  ...wasm,
  usual: false,
  check: async ({ model, feeds, expected, tolerance }) => {
    try {
      const limit = tolerance ?? (isQuantized(decodeModel(model)) ? QUANTIZED_TOLERANCE : wasm.tolerance);
      return agreementOf(expected, (await instance(model, feeds)).run(), limit);
    } catch (cause) {
      if (cause instanceof RuntimeError) return { status: 'fails', detail: cause.message };
      throw cause;
    }
  },
  measure: async ({ model, feeds, runs = RUNS, signal }) => {
    const { run } = await instance(model, feeds);
    run();
    return Array.from({ length: runs }, () => {
      signal?.throwIfAborted();
      const from = performance.now();
      run();
      return performance.now() - from;
    });
  },
};

interface Loaded {
  run(inputs: Readonly<Record<string, unknown>>): Record<string, ArrayBufferView>;
}

/** A model as a module, loaded by the loader that is written beside it. */
async function instance(bytes: Uint8Array, feeds: Tensors): Promise<{ run: () => Record<string, Tensor> }> {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const shapes = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));
    const lowered = lowerGraph(await prepare(decodeModel(bytes), { runtime, shapes }), wasmSchedule);
    const module = wasmModule(lowered, planMemory(lowered.kernels));
    const text = loaderSource(module, { file: 'model.wasm' });
    const { load } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
    const loaded: Loaded = await load(module.bytes);
    const inputs = Object.fromEntries(lowered.inputs.map(({ name }) => [name, feeds[name].data()]));
    return {
      run: () => {
        const outputs = loaded.run(inputs);
        return Object.fromEntries(
          lowered.outputs.map(({ name, dtype, shape }) => {
            const { buffer, byteOffset, byteLength } = outputs[name];
            return [name, new Tensor(dtype, shape, new Uint8Array(buffer, byteOffset, byteLength))];
          }),
        );
      },
    };
  } finally {
    await runtime.dispose();
  }
}
