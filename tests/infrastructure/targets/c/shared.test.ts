import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Random } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type Lowered, lowerGraph, planMemory, prepare } from '#dist/infrastructure/codegen/index.js';
import { cSource } from '#dist/infrastructure/targets/c/index.js';
import { parametersOf } from '#dist/infrastructure/targets/c/parameters.js';
import { families, quantized, sampleOf, tensorOf } from '../../../support/families.js';
import { buildNative, CHECKED, runNative, withoutCompiler } from '../../../support/native.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-shared-'));
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe('numbers that kernels of one structure are called with', () => {
  /** What a text computes of a kernel's parameters. */
  const evaluate = (text: string, given: Readonly<Record<string, number>>): number =>
    Number(new Function(...Object.keys(given), `return ${text}`)(...Object.values(given)));

  test('each text computes each kernel’s number', () => {
    const random = new Random(4);
    for (let round = 0; round < 300; round++) {
      const count = 2 + random.integer(3);
      const sizes = Array.from({ length: count }, () => [1 + random.integer(5), 8 * (1 + random.integer(4)), random.integer(200) - 100]);
      // Extents and strides as in loops: alike, multiples, sums, products, and numbers that have to do with no other.
      const kernels = sizes.map(([k, c, z]) =>
        [3, k, c, k * c, c * 4, k + 1, -k, -k - c, z, z - 1, 2 * c, random.integer(1000) - 500].map((value) => ({
          type: 'i32' as const,
          value,
        })),
      );
      const { parameters, texts } = parametersOf(kernels);
      assert.equal(texts.length, kernels[0].length);
      assert.equal(texts[0], undefined);
      kernels.forEach((slots, kernel) => {
        const given = Object.fromEntries(parameters.map(({ name, values }) => [name, values[kernel]]));
        slots.forEach(({ value }, place) => {
          const text = texts[place];
          assert.equal((text === undefined ? kernels[0][place].value : evaluate(text, given)) + 0, value + 0, `${text}`);
        });
      });
    }
  });

  test('a stride that is a product of extents needs no parameter', () => {
    const slots = (...values: number[]) => values.map((value) => ({ type: 'i32' as const, value }));
    const { parameters, texts } = parametersOf([slots(14, 8, 112, 5), slots(4, 16, 64, 5)]);
    assert.equal(parameters.length, 2);
    assert.equal(texts[3], undefined);
  });

  test('floats are told apart to the last bit, and large integers are passed', () => {
    const zero = { type: 'f32' as const, value: 0 };
    assert.equal(parametersOf([[zero], [{ ...zero, value: -0 }]]).parameters.length, 1);
    const large = (a: number, b: number) => [a, b].map((value) => ({ type: 'i32' as const, value }));
    const { parameters } = parametersOf([large(2 ** 31 - 1, -(2 ** 31)), large(2 ** 30, -(2 ** 30) - 1)]);
    assert.equal(parameters.length, 2);
  });
});

describe('families of architectures as small C', { skip: withoutCompiler() }, () => {
  const chosen = families.filter(({ name }) => ['ds-cnn', 'resnet-8', 'mobilenet'].includes(name));
  const models: Promise<{ lowered: Lowered; shape: readonly number[] }[]> = Promise.all(
    chosen.flatMap(({ build, shape }) => [
      prepare(build(), { runtime }).then((model) => ({ lowered: lowerGraph(model), shape })),
      quantized(build(), shape, runtime)
        .then((model) => prepare(model, { runtime }))
        .then((model) => ({ lowered: lowerGraph(model), shape })),
    ]),
  );

  test('some functions are of several kernels, and the source is shorter', async () => {
    let shorter = 0;
    for (const { lowered } of await models) {
      const plan = planMemory(lowered.kernels);
      const [usual, small] = [false, true].map((each) => cSource(lowered, plan, { name: 'model', small: each }));
      assert.ok(small.source.length <= usual.source.length);
      assert.ok(small.codeBytes <= usual.codeBytes);
      if (small.codeBytes < usual.codeBytes) shorter++;
    }
    assert.ok(shorter >= 3, `${shorter}`);
  });

  test('checked by sanitizers: to the last bit as functions of one kernel each', async () => {
    const all = await models;
    const lowered = all.map((each) => each.lowered);
    // With vectors functions are of several kernels always: other tests hold those beside ONNX Runtime.
    const flags = [...CHECKED, ...lowered.map((_, index) => `-DMODEL_${index}_PLAIN`)];
    const [usual, small] = await Promise.all(
      [false, true].map((each) => buildNative(lowered, join(folder, `small-${each}`), flags, { small: each })),
    );
    assert.deepEqual([...small.rejected], []);
    all.forEach(({ lowered: model, shape }, index) => {
      const input = tensorOf(model, sampleOf(shape, false, 5)).bytes();
      assert.deepEqual(runNative(small, index, model, [input]), runNative(usual, index, model, [input]));
    });
  });
});
