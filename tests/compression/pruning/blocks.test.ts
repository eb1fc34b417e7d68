import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { resnet8 } from 'espalier/architectures';
import { prune } from 'espalier/compression/pruning';
import { footprint } from 'espalier/infrastructure/hardware';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { copyModel, type Model, Tensor } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { checkOptions } from 'espalier/technique';
import { evaluate, type Task } from 'espalier/training';
import { findBlocks, removeBlocks } from '#dist/compression/pruning/blocks.js';
import { restoreOpenShapes, staticCopy } from '#dist/compression/pruning/prepare.js';
import { fixture } from '../../support/paths.js';
import { trainedDigits } from './digits.js';
import { modelOf } from './graphs.js';
import { noise, run } from './removal.js';

let runtime: Runtime;
let digits: { model: Model; task: Task };
before(async () => {
  runtime = createNodeRuntime();
  digits = await trainedDigits(runtime);
});
after(() => runtime.dispose());

const blocksOf = (model: Model) => findBlocks(staticCopy(model).graph);

test('residual branches of equal shape are blocks; a changed shape, a constant and a mask are none', async () => {
  assert.equal(blocksOf(resnet8.build({ input: [3, 16, 16], classes: 10, seed: 1 })).length, 1);
  for (const file of ['packed', 'packed-dynamo']) assert.equal(blocksOf(await loadModel(fixture('pruning', `${file}.onnx`))).length, 4);
  for (const file of ['separate', 'separate-11', 'separate-dynamo']) {
    assert.equal(blocksOf(await loadModel(fixture('pruning', `${file}.onnx`))).length, 2);
  }
  const plain = modelOf([4, 4, 4], (l, x) => l.conv(l.build.op('Add', [l.conv(x, 4), l.build.scalar(1)]), 2));
  assert.deepEqual(blocksOf(plain), []);
});

test('without a block whose branch gave nothing, the outputs are equal', async () => {
  const model = await loadModel(fixture('pruning', 'packed.onnx'));
  const blocks = blocksOf(model);
  for (const dropped of [[0], [1, 2], [0, 1, 2, 3]]) {
    const names = new Set(dropped.map((place) => blocks[place].name));
    const silent = copyModel(model);
    for (const place of dropped) {
      // The last product of a branch and the bias behind it.
      const constants = [...blocks[place].nodes]
        .slice(0, 4)
        .flatMap(({ inputs }) => inputs.flatMap((input) => (input?.constant ? [input.name] : [])));
      for (const value of silent.graph.initializers) {
        const { initializer } = value;
        if (initializer?.dtype === 'float32' && constants.includes(value.name)) {
          value.initializer = Tensor.of('float32', initializer.shape, new Float32Array(initializer.size));
        }
      }
    }
    const small = staticCopy(silent);
    removeBlocks(small, names);
    restoreOpenShapes(small, silent);
    assert.ok(footprint(small, { batch: 1 }).macs < footprint(model, { batch: 1 }).macs);
    const feeds = noise(model);
    const [a, b] = [(await run(small, feeds)).y.numbers(), (await run(silent, feeds)).y.numbers()];
    a.forEach((number, i) => {
      assert.ok(Math.abs(number - b[i]) < 1e-5, `${number}, not ${b[i]}`);
    });
  }
});

test('blocks go by the change of the outputs, down to the target and not below; what is left is said', async () => {
  const { model, task } = digits;
  const context = { model, task, runtime, threads: 1, seed: 3 };
  const { model: small, notes } = await prune.apply(context, checkOptions(prune, { keep: 0.5, structure: ['blocks'], tuning: 'none' }));
  assert.equal(notes.facts?.blocks, '1 of 1 gone');
  const kept = footprint(small, { batch: 1 }).macs / footprint(model, { batch: 1 }).macs;
  assert.equal(notes.facts?.kept, kept);
  assert.ok(kept >= 0.55 && kept < 0.9, String(kept));
  assert.match(notes.remarks?.join(' ') ?? '', /are left rather than 50%/);
  assert.ok((await evaluate(small, task, runtime, { threads: 1 })).value >= 0);
});

test('with channels, blocks go only as long as the outputs hardly change', async () => {
  const { model, task } = digits;
  const context = { model, task, runtime, threads: 1, seed: 3 };
  const structure = ['blocks', 'channels'];
  const strict = await prune.apply(context, checkOptions(prune, { keep: 0.5, structure, blockChange: 1e-6, tuning: 'none' }));
  assert.equal(strict.notes.facts?.blocks, '0 of 1 gone');
  const free = await prune.apply(context, checkOptions(prune, { keep: 0.5, structure, blockChange: 100, tuning: 'none' }));
  assert.equal(free.notes.facts?.blocks, '1 of 1 gone');
  for (const { notes } of [strict, free]) assert.ok(Math.abs((notes.facts?.kept as number) - 0.5) < 0.03, String(notes.facts?.kept));
});
