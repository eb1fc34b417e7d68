import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Random, UnsupportedError } from 'espalier/base';
import { factorizeModel, lowRank } from 'espalier/compression/factorization';
import { footprint } from 'espalier/infrastructure/hardware';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { decodeModel, encodeModel, Graph, Model, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { applyTechnique } from 'espalier/technique';
import { evaluate } from 'espalier/training';
import { leadingFactors } from '#dist/compression/factorization/svd.js';
import { fixture } from '../../support/paths.js';
import { normalTensors } from '../../support/tensors.js';
import { trainedDigits } from '../pruning/digits.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const oracle = JSON.parse(readFileSync(fixture('compression', 'oracle.json'), 'utf8')) as {
  spectra: { rows: number; columns: number; decay: number; values: number[] }[];
};

/** The matrix of tests/fixtures/compression/make.py. */
function matrix(rows: number, columns: number, decay: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return Math.sin(12.9898 * i + 78.233 * j + (i * j) / 7) / (1 + decay * Math.abs(i - j));
  });
}

function squaredNorm(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value * value, 0);
}

for (const { rows, columns, decay, values } of oracle.spectra) {
  test(`singular values of ${rows} x ${columns}, decay ${decay}: NumPy's, and the best approximation of a rank`, () => {
    const whole = matrix(rows, columns, decay);
    const rank = Math.max(1, Math.floor(Math.min(rows, columns) / 3));
    const { values: found, left, right } = leadingFactors(whole, [rows, columns], rank);
    const isExact = Math.min(rows, columns) <= 128;
    found.forEach((value, i) => {
      if (isExact) assert.ok(Math.abs(value - values[i]) <= 1e-9 * values[0], `${i}: ${value}, not ${values[i]}`);
      else assert.ok(value <= values[i] * (1 + 1e-9) && value >= 0.95 * values[i], `${i}: ${value}, not ${values[i]}`);
    });
    const rest = whole.map((value, at) => {
      const [i, j] = [Math.floor(at / columns), at % columns];
      return value - left.reduce((sum, vector, k) => sum + vector[i] * right[k][j], 0);
    });
    const least = squaredNorm(values.slice(rank));
    assert.ok(squaredNorm(rest) >= least * (1 - 1e-9) - 1e-18, 'no approximation is better');
    assert.ok(squaredNorm(rest) <= least * (isExact ? 1 + 1e-9 : 1.02) + 1e-12, `${squaredNorm(rest)}, not ${least}`);
  });
}

const random = new Random('low rank');
const normal = normalTensors(random);

/** A matrix of a rank, so that its factors hold all of it. */
function ofRank(rank: number, rows: number, columns: number): Tensor {
  const [a, b] = [normal(rows, rank).numbers(), normal(rank, columns).numbers()];
  return Tensor.from(
    'float32',
    [rows, columns],
    Float64Array.from({ length: rows * columns }, (_, at) => {
      const [i, j] = [Math.floor(at / columns), at % columns];
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += a[i * rank + k] * b[k * columns + j];
      return sum;
    }),
  );
}

function modelOf(write: (build: ReturnType<typeof typedBuilder>) => void): Model {
  const model = new Model(new Graph('layer'));
  model.opsets.set('', 13);
  write(typedBuilder(model.graph, model.opsets));
  return model;
}

async function answers(model: Model, feeds: Record<string, Tensor>): Promise<Float64Array> {
  const program = await runtime.compile(decodeModel(encodeModel(model)), { threads: 1 });
  const found = await program.run(feeds).finally(() => program.dispose());
  return Object.values(found)[0].numbers();
}

/** Layers of every form, with a weight of rank 3 or 4; how each is fed. */
const forms: Record<string, { model: Model; shape: number[] }> = {
  'MatMul of data and weight, over two batch axes': {
    shape: [2, 3, 20],
    model: modelOf((build) => {
      const x = build.input('x', 'float32', [2, 3, 20]);
      build.output(build.op('MatMul', [x, build.parameter('w', ofRank(3, 20, 24))]), 'y');
    }),
  },
  'MatMul of weight and data': {
    shape: [2, 24, 5],
    model: modelOf((build) => {
      const x = build.input('x', 'float32', [2, 24, 5]);
      build.output(build.op('MatMul', [build.parameter('w', ofRank(3, 20, 24)), x]), 'y');
    }),
  },
  'Gemm with alpha, beta and a bias': {
    shape: [4, 20],
    model: modelOf((build) => {
      const x = build.input('x', 'float32', [4, 20]);
      const inputs = [x, build.parameter('w', ofRank(3, 20, 24)), build.parameter('b', normal(24))];
      build.output(build.op('Gemm', inputs, { alpha: { type: 'float', value: 0.5 }, beta: { type: 'float', value: 2 } }), 'y');
    }),
  },
  'Gemm with a transposed weight': {
    shape: [4, 24],
    model: modelOf((build) => {
      const x = build.input('x', 'float32', [4, 24]);
      build.output(build.op('Gemm', [x, build.parameter('w', ofRank(3, 20, 24)), build.parameter('b', normal(20))], { transB: 1 }), 'y');
    }),
  },
  '1x1 convolution with strides, padding and a bias': {
    shape: [2, 24, 7, 7],
    model: modelOf((build) => {
      const x = build.input('x', 'float32', [2, 24, 7, 7]);
      const weight = build.parameter('w', ofRank(4, 30, 24).reshape([30, 24, 1, 1]));
      const inputs = [x, weight, build.parameter('b', normal(30))];
      build.output(build.op('Conv', inputs, { strides: [2, 3], pads: [1, 0, 2, 1], kernel_shape: [1, 1] }), 'y');
    }),
  },
  'MatMul whose weight is reshaped first': {
    shape: [4, 20],
    model: modelOf((build) => {
      const x = build.input('x', 'float32', [4, 20]);
      const weight = build.parameter('w', ofRank(3, 20, 24).reshape([4, 5, 24]));
      build.output(build.op('MatMul', [x, build.op('Reshape', [weight, build.constant(Tensor.from('int64', [2], [20, 24]))])]), 'y');
    }),
  },
  'convolution along one axis': {
    shape: [1, 24, 9],
    model: modelOf((build) => {
      const x = build.input('x', 'float32', [1, 24, 9]);
      build.output(build.op('Conv', [x, build.parameter('w', ofRank(4, 30, 24).reshape([30, 24, 1]))]), 'y');
    }),
  },
};

for (const [name, { model, shape }] of Object.entries(forms)) {
  test(`${name}: a weight of low rank becomes two, and the answers stay`, async () => {
    const { model: made, layers } = factorizeModel(model, { keep: 0.5, energy: 0.999999 });
    assert.equal(layers.length, 1);
    assert.ok(layers[0].rank <= 4, `rank ${layers[0].rank}`);
    const numbers = normal(...shape).numbers();
    const feeds = () => ({ x: Tensor.from('float32', shape, numbers) });
    const [before, now] = [await answers(model, feeds()), await answers(made, feeds())];
    assert.equal(now.length, before.length);
    const largest = Math.max(...before.map(Math.abs));
    for (const [i, value] of now.entries()) assert.ok(Math.abs(value - before[i]) <= 1e-4 * largest, `${i}: ${value}, not ${before[i]}`);
    assert.ok(footprint(made).parameters < 0.6 * footprint(model).parameters);
    assert.ok(footprint(made).macs < 0.6 * footprint(model).macs);
  });
}

test('what saves nothing stays: weights that two layers read, grouped kernels, high ranks; where nothing is left, it is said', () => {
  const twice = modelOf((build) => {
    const x = build.input('x', 'float32', [1, 24]);
    const weight = build.parameter('w', ofRank(2, 24, 24));
    build.output(build.op('MatMul', [build.op('MatMul', [x, weight]), weight]), 'y');
  });
  assert.throws(
    () => factorizeModel(twice, { keep: 0.5 }),
    (error) => error instanceof UnsupportedError && /no other node reads/.test(error.message),
  );
  const even = modelOf((build) => {
    const x = build.input('x', 'float32', [1, 24]);
    build.output(build.op('MatMul', [x, build.parameter('w', normal(24, 24))]), 'y');
  });
  assert.throws(() => factorizeModel(even, { keep: 0.5, energy: 0.99 }), /1 too small, or too evenly spread/);
});

test('without tuning a layer that would lose much of its norm stays whole, and that is said', async () => {
  const [flat, low] = [normal(40, 40), ofRank(3, 40, 40)];
  const model = modelOf((build) => {
    const x = build.input('x', 'float32', [1, 40]);
    build.output(build.op('MatMul', [build.op('MatMul', [x, build.parameter('flat', flat)]), build.parameter('low', low)]), 'y');
  });
  const { notes } = await applyTechnique(lowRank, { model, runtime, seed: 1 }, { keep: 0.5, tuning: 'none' });
  assert.equal(notes.facts?.factorized, 1);
  assert.match(notes.remarks?.join() ?? '', /^Whole, because less than 97% of the squared norm would be held: \w+ \(\d+(\.\d)?%\)\.$/);
  const all = await applyTechnique(lowRank, { model, runtime, seed: 1 }, { keep: 0.5, tuning: 'none', leastEnergy: 0 });
  assert.equal(all.notes.facts?.factorized, 2);
});

test('by share or by energy, with tuning or without data: fewer numbers and less work, and tuning wins quality back', async () => {
  const { model, task } = await trainedDigits(runtime);
  const plain = await applyTechnique(lowRank, { model, runtime, seed: 1 }, { keep: 0.4, leastEnergy: 0, tuning: 'none' });
  const tuned = await applyTechnique(
    lowRank,
    { model, task, runtime, seed: 1, threads: 1 },
    { keep: 0.4, leastEnergy: 0, epochs: 4, learningRate: 0.004 },
  );
  const macs = (each: Model) => footprint(each).macs;
  assert.ok(macs(plain.model) < macs(model));
  assert.equal(macs(tuned.model), macs(plain.model));
  const value = async (each: Model) => (await evaluate(each, task, runtime, { threads: 1 })).value;
  const [before, untuned, after] = [await value(model), await value(plain.model), await value(tuned.model)];
  assert.ok(after > untuned + 0.2, `${before} -> ${untuned} -> ${after}`);
  assert.equal(tuned.notes.training?.length, 4);
  await assert.rejects(applyTechnique(lowRank, { model, runtime, seed: 1 }, {}), /"low-rank" needs data.*tuning=none, which needs none/s);
});
