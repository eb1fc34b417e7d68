// A process of its own, so that its peak memory is that of one quantization: prints it in bytes. Arguments: samples in each part, and further
// layers, each of which makes 4 MB for a sample.
import { quantize } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { evaluate } from 'espalier/training';
import { madeModel, normals, taskOf } from './models.js';

const [samples, layers] = process.argv.slice(2).map(Number);
const shape = [1, 32, 32];
// Small samples, of which the model makes activations of 4 MB each.
const model = madeModel(shape, (build, x, weights) => {
  const large = build.op('Resize', [x, undefined, build.constant(Tensor.from('float32', [4], [1, 1, 8, 8]))], { mode: 'nearest' });
  const conv = (input: typeof x, channels: number) =>
    build.op('Relu', [build.op('Conv', [input, weights([16, channels, 3, 3], 0.2)], { pads: [1, 1, 1, 1] })]);
  let value = conv(conv(conv(large, 1), 16), 16);
  for (let layer = 0; layer < layers; layer++) value = build.op('Relu', [build.op('Conv', [value, weights([16, 16, 1, 1], 0.4)])]);
  return build.op('GlobalAveragePool', [value]);
});

const part = (seed: number) => normals(samples, shape, seed);
const task = { ...taskOf(model, shape), splits: { train: part(1), calibration: part(2), validation: part(3), test: part(4) } };
const runtime = createNodeRuntime({ threads: 1 });
const { model: small } = await quantize.apply({ model, task, runtime, seed: 0 }, checkOptions(quantize, {}));
await evaluate(small, task, runtime, { split: 'test' });
await runtime.dispose();
console.log(process.resourceUsage().maxRSS * 1024);
