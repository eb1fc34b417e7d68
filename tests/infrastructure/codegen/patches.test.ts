import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Random } from 'espalier/base';
import { loadModel } from 'espalier/formats/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { inferShapes, typedBuilder } from 'espalier/ops';
import { lowerGraph, lowerInPatches, planMemory, prepare } from '#dist/infrastructure/codegen/index.js';
import { patched } from '#dist/infrastructure/codegen/patches/rewrite.js';
import { families, quantized, sampleOf, tensorOf } from '../../support/families.js';
import { buildNative, runNative, withoutCompiler } from '../../support/native.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-patches-'));
after(async () => {
  await runtime.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Windows of every kind: strides, dilation, padding on one side only, SAME padding, pools that count their padding, a shortcut, and a factor for each channel. */
function windows(): Model {
  const build = typedBuilder(new Model(new GraphBuilder().graph, 21).graph, new Map([['', 21]]));
  const random = new Random(6);
  const weight = (name: string, ...shape: number[]) => {
    const values = Float32Array.from({ length: shape.reduce((all, size) => all * size, 1) }, () => random.normal() / 4);
    return build.parameter(name, Tensor.from('float32', shape, values));
  };
  const x = build.input('x', 'float32', [1, 2, 19, 17]);
  const a = build.op('Conv', [x, weight('a', 4, 2, 3, 3), weight('bias', 4)], { strides: [2, 1], pads: [1, 0, 0, 2] });
  const b = build.op('Conv', [build.op('Relu', [a]), weight('b', 4, 1, 3, 2)], { group: 4, auto_pad: 'SAME_UPPER' });
  const c = build.op('Conv', [b, weight('c', 4, 4, 3, 3)], { dilations: [2, 2], pads: [2, 2, 2, 2] });
  const sum = build.op('Add', [build.op('Mul', [c, weight('factor', 1, 4, 1, 1)]), b]);
  const most = build.op('MaxPool', [sum], { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] });
  const mean = build.op('AveragePool', [most], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 });
  const few = build.op('AveragePool', [mean], { kernel_shape: [2, 2], auto_pad: 'SAME_LOWER' });
  build.output(build.op('GlobalMaxPool', [few]), 'most');
  const model = new Model(build.graph, 21);
  inferShapes(model);
  return model;
}

test('parts of every kind of window, joined, are what the whole is: ONNX Runtime computes both', async () => {
  const model = windows();
  const answer = async (of: Model) => {
    const program = await runtime.compile(of);
    const { most } = await program.run({ x: Tensor.from('float32', [1, 2, 19, 17], sampleOf([2, 19, 17], false, 7)) });
    await program.dispose();
    return most.numbers();
  };
  const expected = await answer(model);
  let compared = 0;
  for (const at of model.graph.nodes.keys()) {
    for (const grid of [
      [2, 1],
      [1, 3],
      [3, 2],
    ] as const) {
      const other = patched(model, at, grid);
      if (!other) continue;
      const got = await answer(other);
      for (const [index, value] of expected.entries())
        assert.ok(Math.abs(got[index] - value) < 1e-5, `node ${at}, ${grid}: ${got[index]}, not ${value}`);
      compared++;
    }
  }
  assert.ok(compared >= 15, `${compared}`);
});

describe('families whose first layers are computed part by part', () => {
  const chosen = families.filter(({ name }) => ['resnet-8', 'mobilenet'].includes(name));
  const cases = Promise.all(
    chosen.flatMap(({ build, shape }) =>
      [async () => build(), () => quantized(build(), shape, runtime)].map(async (make) => {
        const model = await prepare(await make(), { runtime });
        return { shape, whole: lowerGraph(model), parts: lowerInPatches(model), none: lowerInPatches(model, {}, { most: 0 }) };
      }),
    ),
  );

  test('less memory for as much more work as is allowed', async () => {
    let gained = 0;
    for (const { whole, parts, none } of await cases) {
      const [before, after] = [planMemory(whole.kernels).bytes, parts.plan.bytes];
      const macs = [whole, parts.lowered, none.lowered].map(({ kernels }) => kernels.reduce((sum, each) => sum + each.macs, 0));
      assert.ok(after <= before && macs[1] <= 1.25 * macs[0]);
      assert.equal(macs[2], macs[0]);
      if (parts.patches) {
        assert.deepEqual(parts.patches.arenaBytes, { whole: before, patched: after });
        assert.deepEqual(parts.patches.macs, { whole: macs[0], patched: macs[1] });
      }
      if (after < 0.9 * before) gained++;
    }
    assert.ok(gained >= 3, `${gained}`);
  });

  test('to the last bit as without parts, checked by sanitizers', { skip: withoutCompiler() }, async () => {
    const all = await cases;
    const [whole, parts] = await Promise.all([
      buildNative(
        all.map((each) => each.whole),
        join(folder, 'whole'),
      ),
      buildNative(
        all.map((each) => each.parts.lowered),
        join(folder, 'parts'),
      ),
    ]);
    assert.deepEqual([...parts.rejected], []);
    all.forEach((each, index) => {
      const input = tensorOf(each.whole, sampleOf(each.shape, false, 5)).bytes();
      assert.deepEqual(runNative(parts, index, each.parts.lowered, [input]), runNative(whole, index, each.whole, [input]));
    });
  });
});

test('a model without images stays whole', async () => {
  const build = families.find(({ name }) => name === 'mlp')?.build;
  assert.ok(build);
  assert.equal(lowerInPatches(await prepare(build(), { runtime })).patches, undefined);
});

const people = join('..', 'shared', 'tflite', 'vww_96_int8.tflite');
test('visual wake words in a third of the memory', { skip: existsSync(people) ? false : `${people} is not here` }, async () => {
  const model = loadModel(people);
  inferShapes(model);
  const { patches } = lowerInPatches(await prepare(model, { runtime }));
  assert.deepEqual(patches?.arenaBytes, { whole: 55_296, patched: 18_432 });
});
