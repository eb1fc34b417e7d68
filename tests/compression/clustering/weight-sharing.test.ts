import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { clusterLine, shareWeights, weightSharing } from 'espalier/compression/clustering';
import { sparsify } from 'espalier/compression/pruning';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel, type Model, Tensor } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { nodeHost } from 'espalier/strategies/node';
import { applyTechnique } from 'espalier/technique';
import { evaluate, feedsOf, withWeights } from 'espalier/training';
import { fixture } from '../../support/paths.js';
import { trainedDigits } from '../pruning/digits.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-sharing-'));
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await runtime.dispose();
});

const oracle = JSON.parse(readFileSync(fixture('compression', 'oracle.json'), 'utf8')) as {
  clusters: { count: number; power: number; k: number; inertia: number }[];
};

/** The numbers of tests/fixtures/compression/make.py. */
function numbers(count: number, power: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    const wave = Math.sin((i * i) / 11 + i);
    return Math.sign(wave) * Math.abs(wave) ** power;
  });
}

for (const { count, power, k, inertia } of oracle.clusters) {
  test(`${k} clusters of ${count} numbers of power ${power}: as near as scikit-learn's best of twenty tries, or nearer`, () => {
    const values = numbers(count, power);
    const found = clusterLine(values, k);
    assert.ok(found.inertia <= inertia * (1 + 1e-6), `${found.inertia}, and scikit-learn has ${inertia}`);
    const counted = values.reduce((sum, value, i) => sum + (value - found.centres[found.codes[i]]) ** 2, 0);
    assert.ok(Math.abs(counted - found.inertia) <= 1e-9 * counted, 'the codes mean what is counted');
  });
}

test('a few numbers: the best of all ways to cut them, tried one by one', () => {
  const random = new Random('cuts');
  for (let round = 0; round < 20; round++) {
    const values = Array.from({ length: 9 }, () => random.normal()).sort((a, b) => a - b);
    const spread = (part: readonly number[]) => {
      const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
      return part.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    };
    let best = Number.POSITIVE_INFINITY;
    for (let a = 1; a < 8; a++)
      for (let b = a + 1; b < 9; b++)
        best = Math.min(best, spread(values.slice(0, a)) + spread(values.slice(a, b)) + spread(values.slice(b)));
    assert.ok(Math.abs(clusterLine(values, 3).inertia - best) < 1e-12);
  }
  assert.deepEqual([...clusterLine([2, 1, 2, 1], 16).centres], [1, 2], 'no more centres than numbers');
});

const digits = trainedDigits(runtime);
const bytes = (model: Model) => encodeModel(model).byteLength;

/** The weights that a model's palettes and codes stand for, by the name of the weight. */
function meant(model: Model): Map<string, Tensor> {
  const stored = new Map([...model.graph.initializers].map(({ name, initializer }) => [name, initializer as Tensor]));
  return new Map(
    [...stored].flatMap(([name, codes]) => {
      const palette = stored.get(name.replace(/\.codes$/, '.palette'));
      if (!name.endsWith('.codes') || !palette) return [];
      const colours = palette.toFloat32();
      return [
        [
          name.replace(/\.codes$/, ''),
          Tensor.from(
            'float32',
            codes.shape,
            Array.from(codes.numbers(), (code) => colours[code]),
          ),
        ],
      ] as const;
    }),
  );
}

for (const bits of [4, 8]) {
  test(`${bits} bits: a smaller file that loads and agrees in ONNX Runtime, here and for the web, with the weights that it means`, async () => {
    const { model, task } = await digits;
    const { model: shared, weights } = shareWeights(model, { bits });
    assert.ok(bytes(shared) < (bits === 4 ? 0.35 : 0.6) * bytes(model), `${bytes(shared)} of ${bytes(model)}`);
    for (const { name, colours } of weights) {
      const different = new Set(meant(shared).get(name)?.numbers());
      assert.ok(different.size <= 2 ** bits && different.size === colours, `${name}: ${different.size}`);
    }
    const plain = withWeights(model, meant(shared));
    const samples = await task.splits.validation.read(Int32Array.from({ length: 16 }, (_, i) => i));
    const feeds = () => feedsOf(task.feeds, samples);
    const answer = async (each: Model) => {
      const program = await runtime.compile(each, { threads: 1 });
      return Object.values(await program.run(feeds()).finally(() => program.dispose()))[0].numbers();
    };
    const [a, b] = [await answer(shared), await answer(plain)];
    for (const [i, value] of a.entries()) assert.ok(Math.abs(value - b[i]) < 1e-5, `${i}: ${value}, not ${b[i]}`);
    await saveModel(shared, join(folder, `shared-${bits}.onnx`));
    const checks = await nodeHost(runtime, folder, { threads: 1 }).check(`shared-${bits}.onnx`, shared, feeds());
    assert.deepEqual(
      checks.map(({ status }) => status),
      ['agrees', 'agrees'],
      JSON.stringify(checks),
    );
  });
}

test('zeros of pruned weights stay zero', async () => {
  const { model } = await digits;
  const { model: sparse } = await applyTechnique(sparsify, { model, runtime, seed: 1 }, { sparsity: 0.7, tuning: 'none' });
  const zeros = (weights: Iterable<Tensor>) =>
    [...weights].reduce((sum, tensor) => sum + tensor.numbers().filter((x) => x === 0).length, 0);
  const shared = meant(shareWeights(sparse, { bits: 4 }).model);
  const before = [...sparse.graph.initializers].filter(({ name }) => shared.has(name)).map(({ initializer }) => initializer as Tensor);
  assert.ok(zeros(before) > 0);
  assert.ok(zeros(shared.values()) >= zeros(before));
});

test('tuning trains the palettes of the file that ships: the codes stay, quality comes back', async () => {
  const { model, task } = await digits;
  const context = { model, task, runtime, seed: 1, threads: 1 };
  const options = { bits: 2, epochs: 3 };
  const plain = await applyTechnique(weightSharing, context, options);
  const tuned = await applyTechnique(weightSharing, context, { ...options, tuning: 'distill' });
  assert.equal(tuned.notes.training?.length, 3);
  const part = (each: Model, suffix: string) =>
    [...each.graph.initializers]
      .filter(({ name }) => name.endsWith(suffix))
      .map(({ initializer }) => [...(initializer as Tensor).numbers()]);
  assert.deepEqual(part(tuned.model, '.codes'), part(plain.model, '.codes'));
  assert.notDeepEqual(part(tuned.model, '.palette'), part(plain.model, '.palette'));
  const value = async (each: Model) => (await evaluate(each, task, runtime, { threads: 1 })).value;
  const [untuned, after] = [await value(plain.model), await value(tuned.model)];
  assert.ok(after > untuned, `${untuned} -> ${after}`);
});
