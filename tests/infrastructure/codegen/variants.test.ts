import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Random } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import { lowerGraph, prepare, readsOf, writesOf } from '#dist/infrastructure/codegen/index.js';
import { buildNative, runNative, withoutCompiler } from '../../support/native.js';
import { differenceOf } from './node-cases.js';
import { modelOf, variants } from './variants.js';

test('what only moves values stays in integers between the ends of a grid', async () => {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const moves = variants.filter(({ name }) => name.startsWith('moves on integers'));
    assert.ok(moves.length > 0);
    for (const variant of moves) {
      const { kernels } = lowerGraph(await prepare(modelOf(variant, new Random(1)), { runtime }));
      const types = kernels.flatMap(({ body }) => [...readsOf(body), ...writesOf(body)].map(({ type }) => type));
      assert.deepEqual([...new Set(types)], ['i8'], variant.name);
    }
  } finally {
    await runtime.dispose();
  }
});

describe('attributes of operators as C', { skip: withoutCompiler() }, () => {
  test("what ONNX's cases leave out agrees with ONNX Runtime", async (context) => {
    const runtime = createNodeRuntime({ threads: 1 });
    const work = mkdtempSync(join(tmpdir(), 'espalier-variants-'));
    try {
      const random = new Random(3);
      const ready = [];
      for (const variant of variants) {
        const model = modelOf(variant, random);
        const lowered = lowerGraph(await prepare(model, { runtime }));
        const feeds = lowered.inputs.map(({ name, dtype, shape }) => {
          const size = shape.reduce((all, each) => all * each, 1);
          const most = dtype === 'uint8' ? 256 : 128;
          const draw = () => (/float/.test(dtype) ? random.normal() : random.integer(variant.below ?? most) - (dtype === 'int8' ? 64 : 0));
          return { name, tensor: Tensor.from(dtype, shape, Float64Array.from({ length: size }, draw)) };
        });
        // Its optimizer fails on some of the models.
        const program = await runtime.compile(model, { optimize: 'none' });
        const copies = feeds.map(({ name, tensor }) => [name, new Tensor(tensor.dtype, tensor.shape, tensor.bytes().slice())]);
        const results = await program.run(Object.fromEntries(copies));
        ready.push({ variant, lowered, feeds, expected: lowered.outputs.map(({ name }) => results[name]) });
      }
      const program = await buildNative(
        ready.map(({ lowered }) => lowered),
        work,
      );
      assert.deepEqual([...program.rejected.values()], []);
      const wrong = ready.flatMap((each, index) => {
        const inputs = each.feeds.map(({ tensor }) => tensor.bytes());
        const difference = differenceOf(each, runNative(program, index, each.lowered, inputs));
        return difference ? [`${each.variant.name}: ${difference}`] : [];
      });
      context.diagnostic(`${ready.length} models`);
      assert.deepEqual(wrong, []);
    } finally {
      await runtime.dispose();
      rmSync(work, { recursive: true, force: true });
    }
  });
});
