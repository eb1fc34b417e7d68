import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OptionError } from 'espalier/base';
import { type PruneOptions, prune, type SparsifyOptions, sparsify } from 'espalier/compression/pruning';
import { footprint } from 'espalier/infrastructure/hardware';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { copyModel, encodeModel, type Model } from 'espalier/onnx';
import { type CheckpointStore, checkOptions } from 'espalier/technique';
import { classification, evaluate, fidelity, type Task } from 'espalier/training';
import { epochsPerRound } from '#dist/compression/pruning/prune.js';
import { epochsFor } from '#dist/compression/tuning.js';
import { MemoryCheckpoints, trainedDigits } from './digits.js';
import { modelOf } from './graphs.js';
import { noise, run } from './removal.js';

let runtime: Runtime;
let model: Model;
let task: Task;

before(async () => {
  runtime = createNodeRuntime();
  ({ model, task } = await trainedDigits(runtime));
});
after(() => runtime.dispose());

const quality = async (each: Model) => (await evaluate(each, task, runtime, { threads: 1 })).value;

function pruned(options: Partial<PruneOptions>, checkpoints?: CheckpointStore, source = model) {
  return prune.apply({ model: source, task, runtime, threads: 1, seed: 3, checkpoints }, checkOptions(prune, options));
}

function sparsified(options: Partial<SparsifyOptions>, checkpoints?: CheckpointStore) {
  return sparsify.apply({ model, task, runtime, threads: 1, seed: 3, checkpoints }, checkOptions(sparsify, options));
}

test('half of the multiply-accumulates, and nearly all of the accuracy after distillation', async () => {
  const { model: small, notes } = await pruned({ keep: 0.5, epochs: 5 });
  const ratio = footprint(small).macs / footprint(model).macs;
  assert.ok(Math.abs(ratio - 0.5) <= 0.02, String(ratio));
  assert.equal(notes.facts?.kept, ratio);
  assert.deepEqual(
    notes.training?.map(({ epoch }) => epoch),
    [1, 2, 3, 4, 5],
  );
  const [whole, untuned, tuned] = [
    await quality(model),
    await quality((await pruned({ keep: 0.5, tuning: 'none' })).model),
    await quality(small),
  ];
  assert.ok(whole > 0.9, String(whole));
  assert.ok(tuned > whole - 0.06 && tuned > untuned, `${whole}, untuned ${untuned}, tuned ${tuned}`);
});

test('little data is gone through more often, unless epochs are given', async () => {
  const part = (size: number) => ({ splits: { ...task.splits, train: { ...task.splits.train, size } } });
  assert.deepEqual(
    [60_000, 6400, 1150, 640, 1].map((size) => epochsFor(part(size), 10)),
    [10, 10, 56, 100, 100],
  );
  const { notes } = await pruned({ keep: 0.9 }, new MemoryCheckpoints(), model);
  assert.equal(notes.training?.length, epochsFor(task, 10));
});

test('killed between rounds or within one, pruning goes on and ends with the same bytes', async () => {
  const options = { keep: 0.6, epochs: 3, rounds: 2, importance: 'taylor', tuning: 'train' } as const;
  const whole = encodeModel((await pruned(options, new MemoryCheckpoints())).model);
  for (const killedAfter of [1, 2]) {
    const checkpoints = new MemoryCheckpoints(killedAfter);
    await assert.rejects(pruned(options, checkpoints), /killed/);
    assert.deepEqual(encodeModel((await pruned(options, checkpoints)).model), whole);
  }
});

test('a model with a fixed batch is pruned and tuned, sample by sample, and stays fixed', async () => {
  const fixed = copyModel(model);
  for (const value of [...fixed.graph.inputs, ...fixed.graph.outputs]) {
    if (value.type?.kind === 'tensor') value.type = { ...value.type, shape: [1, ...(value.shape ?? []).slice(1)] };
  }
  const { model: small, notes } = await pruned({ keep: 0.7, epochs: 1 }, undefined, fixed);
  assert.deepEqual(small.graph.inputs[0].shape, [1, 1, 8, 8]);
  assert.doesNotMatch(notes.remarks?.join(' ') ?? '', /not tuned/);
  assert.equal(notes.training?.length, 1);
});

test('a model without gradients is pruned by magnitude without tuning, and that is said', async () => {
  const hashed = modelOf([1, 8, 8], (l, x) => {
    const features = l.build.op('Flatten', [l.relu(l.conv(x, 8))], { axis: 1 });
    const square = l.build.op('Reshape', [l.relu(l.dense(features, 9)), l.build.ints([-1, 3, 3])]);
    return l.dense(l.build.op('Unsqueeze', [l.build.op('Det', [square]), l.build.ints([1])]), 10);
  });
  const labelled: Task = {
    ...task,
    ...classification({ output: 'y', classes: task.parts }),
    feeds: task.feeds.map((feed) => ({ ...feed, input: 'x' })),
  };
  const { notes, model: small } = await prune.apply(
    { model: hashed, task: labelled, runtime, threads: 1, seed: 3 },
    checkOptions(prune, { keep: 0.7, importance: 'taylor' }),
  );
  assert.match(notes.remarks?.join(' ') ?? '', /cannot be trained/);
  assert.ok(footprint(small).macs < footprint(hashed).macs);
  assert.deepEqual((await run(small, noise(small))).y.shape, [2, 10]);
});

test('without labels the pruned model is tuned to follow the original', async () => {
  const original = modelOf([1, 8, 8], (l, x) => l.conv(l.relu(l.conv(l.relu(l.conv(x, 16)), 16)), 2));
  const { splits, feeds } = task;
  const follow: Task = {
    ...fidelity({ reference: original, outputs: ['y'] }),
    name: 'follow',
    splits,
    feeds: feeds.map((feed) => ({ ...feed, input: 'x' })),
  };
  const result = async (tuning: 'distill' | 'none') => {
    const options = checkOptions(prune, { keep: 0.2, epochs: 6, rounds: 2, importance: 'taylor', tuning, learningRate: 0.005 });
    const { model: small } = await prune.apply({ model: original, task: follow, runtime, threads: 1, seed: 3 }, options);
    return (await evaluate(small, follow, runtime, { threads: 1 })).value;
  };
  const [tuned, untuned] = [await result('distill'), await result('none')];
  assert.ok(tuned > 0.9 && tuned > untuned, `${tuned}, untuned ${untuned}`);
});

test('options that cannot be are refused by name', () => {
  assert.throws(
    () => checkOptions(prune, { keep: 1 }),
    (error: Error) => error instanceof OptionError && /option "keep"/.test(error.message),
  );
  assert.throws(() => checkOptions(prune, { rounds: 0 }), OptionError);
  assert.throws(() => checkOptions(sparsify, { begin: 0.5, end: 0.2 }), OptionError);
});

test('epochs are shared out over rounds, the last with at least half', () => {
  assert.deepEqual(epochsPerRound(10, 3), [2, 2, 6]);
  assert.deepEqual(epochsPerRound(2, 3), [1, 1]);
  assert.deepEqual(epochsPerRound(1, 3), [1]);
  assert.deepEqual(epochsPerRound(3, 3), [1, 1, 1]);
});

test('four fifths of the weights are zero, and most of the accuracy stays', async () => {
  const { model: sparse, notes } = await sparsified({ sparsity: 0.8, epochs: 5 });
  const matrices = [...sparse.graph.initializers].filter(({ shape }) => (shape?.length ?? 0) >= 2);
  const numbers = matrices.flatMap(({ initializer }) => Array.from(initializer?.toFloat32() ?? []));
  assert.equal(numbers.filter((number) => number === 0).length, Math.round(0.8 * numbers.length));
  assert.ok(Math.abs(Number(notes.facts?.sparsity) - 0.8) < 1e-3);
  assert.deepEqual(
    sparse.graph.nodes.map(({ op }) => op),
    model.graph.nodes.map(({ op }) => op),
    'no mask is left in the graph',
  );
  const [whole, tuned] = [await quality(model), await quality(sparse)];
  const atOnce = await quality((await sparsified({ sparsity: 0.8, tuning: 'none' })).model);
  assert.ok(tuned > whole - 0.1 && tuned > atOnce, `${whole}, at once ${atOnce}, tuned ${tuned}`);
});

test('killed in the middle, sparse training goes on and ends with the same bytes', async () => {
  const options = { sparsity: 0.7, epochs: 3, tuning: 'train' } as const;
  const whole = encodeModel((await sparsified(options)).model);
  const checkpoints = new MemoryCheckpoints(1);
  await assert.rejects(sparsified(options, checkpoints), /killed/);
  assert.deepEqual(encodeModel((await sparsified(options, checkpoints)).model), whole);
});
