import { Tensor } from '../../../../onnx/index.js';
import type { CompiledRunner } from '../../node/program.js';
import { loaderSource, wasmModule } from '../index.js';

/** What the written loader gives. */
interface Loaded {
  run(inputs: Readonly<Record<string, unknown>>): Record<string, ArrayBufferView>;
}

/** Runs compiled models in this process, loaded by the loader that is written beside them: a page has the same. */
export const moduleRunner: CompiledRunner = {
  open: async ({ lowered, plan }) => {
    const module = wasmModule(lowered, plan);
    const text = loaderSource(module, { file: 'model.wasm' });
    const { load } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
    const loaded: Loaded = await load(module.bytes);
    const inputsOf = (feeds: Readonly<Record<string, Tensor>>) =>
      Object.fromEntries(lowered.inputs.map(({ name }) => [name, feeds[name].data()]));
    return {
      run: async (feeds) => {
        const outputs = loaded.run(inputsOf(feeds));
        return Object.fromEntries(
          lowered.outputs.map(({ name, dtype, shape }) => {
            const { buffer, byteOffset, byteLength } = outputs[name];
            return [name, new Tensor(dtype, shape, new Uint8Array(buffer, byteOffset, byteLength))];
          }),
        );
      },
      time: async (feeds, runs) => {
        const inputs = inputsOf(feeds);
        loaded.run(inputs);
        return Array.from({ length: runs }, () => {
          const from = performance.now();
          loaded.run(inputs);
          return performance.now() - from;
        });
      },
      dispose: async () => {},
    };
  },
};
