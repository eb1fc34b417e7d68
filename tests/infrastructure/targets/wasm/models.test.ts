import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import type { Model } from 'espalier/onnx';
import { families, quantized, sampleOf, tensorOf } from '../../../support/families.js';
import { arrays, instanceOf } from './compared.js';
import { type Compiled, compiled } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** What a compiled model gives for a tensor, by output. */
function answers({ module }: Compiled, values: ArrayLike<number> | ArrayLike<bigint>): Record<string, Float64Array> {
  const { memory, run } = instanceOf(module);
  const view = ({ port, address }: (typeof module.inputs)[number]) =>
    new arrays[port.buffer.type](memory.buffer, address, port.buffer.size);
  view(module.inputs[0]).set(values as never);
  run();
  return Object.fromEntries(module.outputs.map((placed) => [placed.port.name, Float64Array.from(view(placed) as never, Number)]));
}

/** Largest difference from ONNX Runtime over the largest magnitude, over some samples. */
async function distance(model: Model, shape: readonly number[], isText: boolean): Promise<number> {
  const made = await compiled(model, runtime);
  const program = await runtime.compile(model);
  let worst = 0;
  for (const seed of [11, 12, 13]) {
    const tensor = tensorOf(made.lowered, sampleOf(shape, isText, seed));
    const got = answers(made, tensor.data() as ArrayLike<number>);
    const wanted = await program.run({ [made.lowered.inputs[0].name]: tensor });
    for (const { name } of made.lowered.outputs) {
      const numbers = wanted[name].numbers();
      const largest = numbers.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      assert.ok(new Set(numbers).size > numbers.length / 2, `${name} says something`);
      numbers.forEach((each, i) => {
        worst = Math.max(worst, Math.abs(each - got[name][i]) / largest);
      });
    }
  }
  await program.dispose();
  return worst;
}

for (const { name, shape, isText, build } of families) {
  test(`${name} gives in WebAssembly what ONNX Runtime gives`, async () => {
    const far = await distance(build(), shape, isText);
    assert.ok(far < 1e-4, `${far} of the largest`);
  });

  test(`${name} in 8 bits gives in WebAssembly what ONNX Runtime gives`, {
    skip: isText && 'its ids are no numbers to calibrate on',
  }, async () => {
    const far = await distance(await quantized(build(), shape, runtime), shape, isText);
    // Integers are equal throughout: what is left is the rounding of the last scale.
    assert.ok(far < 1e-5, `${far} of the largest`);
  });
}
