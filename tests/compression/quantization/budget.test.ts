// A budget of bytes: the file keeps it, every layer has the bits that it allows, and that is what is said, with data and without.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { OptionError } from 'espalier/base';
import { quantize } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel } from 'espalier/onnx';
import { applyTechnique } from 'espalier/technique';
import { madeModel, taskOf } from './models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const model = madeModel([64], (build, x, weights) =>
  [
    [64, 256],
    [256, 256],
    [256, 64],
  ].reduce((value, shape) => build.op('Relu', [build.op('MatMul', [value, weights(shape)])]), x),
);

for (const [how, task] of [
  ['without data', undefined],
  ['with data', taskOf(model, [64])],
] as const) {
  test(`the bits of each layer are what a budget allows, ${how}`, async () => {
    const apply = (options: object) => applyTechnique(quantize, { model, task, runtime, seed: 0 }, { mode: 'weights', ...options });
    const size = async (options: object) => encodeModel((await apply(options)).model).length;
    const [few, many] = [await size({ weightType: 'int4', tolerance: 100 }), await size({ weightType: 'int8' })];
    assert.ok(few < 0.7 * many, `${few} and ${many} bytes`);
    const budget = Math.round((few + many) / 2);
    const { model: made, notes } = await apply({ weightType: 'int4', budget });
    const bytes = encodeModel(made).length;
    assert.ok(bytes <= budget && bytes > few, `${bytes} bytes of ${budget}, ${few} with 4 bits everywhere`);
    assert.ok(Number(notes.facts?.layersOf4Bits) > 0 && Number(notes.facts?.layersOf8Bits) > 0, JSON.stringify(notes.facts));
    assert.match(notes.remarks?.join(' ') ?? '', /keep more than 4 bits, because the budget allows it; 8 bits: /);
    await assert.rejects(
      apply({ weightType: 'int4', budget: few / 2 }),
      (error) => error instanceof OptionError && /The budget is too small/.test(error.message),
    );
  });
}
