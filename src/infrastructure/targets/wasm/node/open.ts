import { Tensor } from '../../../../onnx/index.js';
import type { Tensors } from '../../../runtime/index.js';
import type { CompiledRunner } from '../../node/program.js';
import { loaderSource, wasmModule } from '../index.js';

/** What the written loader gives. */
interface Loaded {
  run(inputs: Readonly<Record<string, unknown>>): Record<string, ArrayBufferView>;
}

/** WebAssembly as Node has it: its types are those of pages. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Readonly<Record<string, unknown>> } }>;
};

/** Milliseconds after which V8 has compiled what is run often as well as it can. */
const WARM = 200;

/** Functions of Math, whose names cannot be listed by a loop. */
const ofMath = Object.fromEntries(Object.getOwnPropertyNames(Math).map((name) => [name, Math[name as keyof Math]]));

/** Runs compiled models in this process, loaded by the loader that is written beside them: a page has the same. */
export const moduleRunner: CompiledRunner = {
  engine: async () => `V8 ${process.versions.v8} (Node ${process.version})`,
  probe: async ({ lowered, plan }) => {
    const module = wasmModule(lowered, plan, { probed: true });
    const { instance } = await WebAssembly.instantiate(module.bytes, { Math: { ...ofMath, fmod: (a: number, b: number) => a % b } });
    const memory = instance.exports.memory as { readonly buffer: ArrayBuffer };
    const kernels = plan.kernels.map((_, place) => instance.exports[`kernel_${place}`] as () => void);
    const fill = (feeds: Tensors) => {
      for (const { port, address } of module.inputs) new Uint8Array(memory.buffer).set(feeds[port.name].bytes(), address);
    };
    const run = () => {
      const times = new Float64Array(kernels.length);
      for (let place = 0; place < kernels.length; place++) {
        const from = performance.now();
        kernels[place]();
        times[place] = (performance.now() - from) * 1e6;
      }
      return times;
    };
    let isWarm = false;
    return {
      times: async (feeds, runs) => {
        fill(feeds);
        for (const start = performance.now(); !isWarm; isWarm = performance.now() - start > WARM) run();
        return Array.from({ length: runs }, run);
      },
      dispose: async () => {},
    };
  },
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
