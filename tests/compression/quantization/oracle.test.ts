import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { affineOfRange, quantizeNumber, simulate } from '#dist/compression/quantization/affine.js';
import { StreamingHistogram } from '#dist/compression/quantization/calibration/histogram.js';
import {
  createObserver,
  entropyRange,
  meanSquaredErrorRange,
  percentileRange,
} from '#dist/compression/quantization/calibration/observers.js';
import { dequantizeWeight, quantizeBias, quantizeWeight, weightGrid, widenForBias } from '#dist/compression/quantization/weights.js';
import { fixture } from '../../support/paths.js';

interface Oracle {
  activations: { min: number; max: number; type: 'uint8' | 'int8'; scale: number; zeroPoint: number }[];
  weights: { shape: number[]; axis: number; reduced: boolean; data: number[]; scales: number[]; integers: number[] }[];
  calibration: { kind: 'laplace' | 'relu'; method: string; percentile: number; min: number; max: number }[];
}
const oracle: Oracle = JSON.parse(readFileSync(fixture('quantization', 'oracle.json'), 'utf8'));
const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

/** The same numbers as in make.py, in the order of a shuffled deck, in batches that widen the range again and again. */
function* quantiles(kind: 'laplace' | 'relu'): Generator<Float32Array> {
  const count = 100_000;
  const order = new Random(1).permutation(count);
  for (let start = 0; start < count; start += 1000) {
    yield Float32Array.from(order.slice(start, start + 1000), (i) => {
      const u = (i + 0.5) / count;
      return kind === 'laplace' ? -Math.sign(u - 0.5) * Math.log(1 - 2 * Math.abs(u - 0.5)) : Math.max(-Math.log(1 - u) - 0.5, 0);
    });
  }
}

function histogramOf(kind: 'laplace' | 'relu'): StreamingHistogram {
  const histogram = new StreamingHistogram();
  for (const batch of quantiles(kind)) histogram.add(batch);
  return histogram;
}

test('scales and zero points of activations are those of ONNX Runtime', () => {
  for (const { type, scale, zeroPoint, ...range } of oracle.activations)
    assert.deepEqual(affineOfRange(range, type), { type, scale, zeroPoint }, JSON.stringify(range));
});

test('weights become the integers that ONNX Runtime makes of them', () => {
  for (const { shape, axis, reduced, data, scales, integers } of oracle.weights) {
    const weight = Tensor.from('float32', shape, data);
    const grid = weightGrid(weight, axis, { type: 'int8', perChannel: true, reduceRange: reduced });
    assert.ok(scales.every((scale, channel) => Math.abs(grid.scales[channel] / scale - 1) < 2e-7));
    const mine = quantizeWeight(weight, grid).numbers();
    // Scales may differ by the last bit, which moves numbers half-way between two integers.
    assert.ok(mine.filter((q, i) => q !== integers[i]).length <= integers.length / 500);
    assert.ok(mine.every((q, i) => Math.abs(q - integers[i]) <= 1));
  }
});

test('QuantizeLinear and DequantizeLinear of ONNX Runtime give the same numbers as the simulation, ties and infinities included', async () => {
  const affine = affineOfRange({ min: -1, max: 3 }, 'uint8');
  const special = [0, -0, 1e30, -1e30, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const ties = Array.from({ length: 300 }, (_, i) => (i - 80 + 0.5) * affine.scale);
  const xs = Float32Array.from([...special, ...ties, ...Array.from({ length: 1000 }, (_, i) => -2 + i * 0.00613)]);
  const build = new GraphBuilder(new Graph('q'));
  const [scale, zero] = [build.scalar(affine.scale), build.scalar(affine.zeroPoint, 'uint8')];
  const q = build.op('QuantizeLinear', [build.input('x', 'float32', [xs.length]), scale, zero]);
  build.output(q, 'q');
  build.output(build.op('DequantizeLinear', [q, scale, zero]), 'y');
  const [integers, reals] = build.graph.outputs;
  integers.type = { kind: 'tensor', dtype: 'uint8', shape: [xs.length] };
  reals.type = { kind: 'tensor', dtype: 'float32', shape: [xs.length] };
  const model = new Model(build.graph, 13);
  model.irVersion = 8;
  const program = await runtime.compile(model, { optimize: 'none' });
  const out = await program.run({ x: Tensor.of('float32', [xs.length], xs.slice()) });
  assert.deepEqual(
    [...out.q.numbers()],
    Array.from(xs, (x) => quantizeNumber(x, affine)),
  );
  assert.deepEqual(
    [...out.y.numbers()],
    Array.from(xs, (x) => Math.fround(simulate(x, affine))),
  );
});

test('a histogram that grows batch by batch counts every number in the right bin', () => {
  const histogram = histogramOf('laplace');
  assert.equal(histogram.total, 100_000);
  const exact = new Float64Array(histogram.counts.length);
  for (const batch of quantiles('laplace')) for (const x of batch) exact[Math.floor((x - histogram.low) / histogram.width)]++;
  // Numbers on an edge may fall to either side, because widths are doubled rather than divided anew.
  const moved = exact.reduce((sum, count, bin) => sum + Math.abs(count - histogram.counts[bin]), 0);
  assert.ok(moved <= 4, `${moved} numbers are in another bin`);
  const inside = (histogram.max - histogram.min) / (histogram.width * histogram.counts.length);
  assert.ok(inside > 0.49 && inside <= 1, `numbers take up ${inside} of the bins`);
});

test('histograms leave out what is not finite, take zeros first, and keep extremes of samples too many to count', () => {
  const histogram = new StreamingHistogram();
  histogram.add(new Float32Array(7));
  histogram.add(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 2, -1));
  assert.deepEqual([histogram.range, histogram.total, histogram.ignored], [{ min: -1, max: 2 }, 9, 2]);
  const many = new Float32Array(3_000_001).fill(0.5);
  many[1_234_567] = 9;
  histogram.add(many);
  assert.equal(histogram.max, 9);
  assert.ok(histogram.total < 400_000);
});

test('percentile ranges are those of ONNX Runtime and of the distribution function', () => {
  for (const { kind, method, percentile, min, max } of oracle.calibration) {
    if (method !== 'percentile') continue;
    const histogram = histogramOf(kind);
    const range = percentileRange(histogram, percentile);
    const tail = (1 - percentile / 100) / 2;
    const top = kind === 'laplace' ? -Math.log(2 * tail) : -Math.log(tail) - 0.5;
    // At 99.99% five numbers are left out at each end, which are further apart than bins are wide.
    const slack = percentile > 99.9 ? 0.3 : 0.03;
    assert.ok(Math.abs(range.max - top) <= slack, `${kind} ${percentile}: ${range.max}, closed form ${top}`);
    assert.ok(Math.abs(range.max - max) <= slack && Math.abs(range.min - min) <= slack, `${kind} ${percentile}: ${range.min} ${range.max}`);
  }
});

test('entropy ranges cut a long tail about where ONNX Runtime does, and do not cut an even distribution', () => {
  const [{ max }] = oracle.calibration.filter((each) => each.method === 'entropy');
  const range = entropyRange(histogramOf('laplace'), 256);
  assert.ok(Math.abs(range.max / max - 1) < 0.2 && Math.abs(range.min / -max - 1) < 0.2, `${range.min} ${range.max}, there ±${max}`);
  const even = new StreamingHistogram();
  even.add(Float32Array.from({ length: 100_000 }, (_, i) => i / 50_000 - 1));
  const whole = entropyRange(even, 256);
  assert.ok(whole.max > 0.97 && whole.min < -0.97, `${whole.min} ${whole.max}`);
});

test('mean squared error ranges are at least as good as every other on the numbers themselves', () => {
  for (const [kind, type] of [
    ['laplace', 'uint8'],
    ['relu', 'uint8'],
    ['laplace', 'int4'],
  ] as const) {
    const numbers = [...quantiles(kind)].flatMap((batch) => [...batch]);
    const loss = (min: number, max: number) => {
      const affine = affineOfRange({ min, max }, type);
      return numbers.reduce((sum, x) => sum + (x - simulate(x, affine)) ** 2, 0);
    };
    const range = meanSquaredErrorRange(histogramOf(kind), type);
    const mine = loss(range.min, range.max);
    const [bottom, top] = [Math.min(...numbers), Math.max(...numbers)];
    for (let fraction = 0.2; fraction <= 1; fraction += 0.05)
      assert.ok(mine <= loss(bottom * fraction, top * fraction) * 1.02, `${kind} ${type} loses less at ${fraction}`);
    if (type === 'int4') assert.ok(mine < loss(bottom, top) / 2);
  }
});

test('observers hold as much memory after many batches as after one', () => {
  for (const method of ['min-max', 'percentile', 'entropy', 'mse'] as const) {
    const observer = createObserver({ method, type: 'uint8', percentile: 99.99 });
    for (const batch of quantiles('relu')) observer.add(batch);
    const { min, max } = observer.range();
    assert.equal(min, 0);
    assert.ok(max > 1 && max <= 11.8, `${method}: ${max}`);
    assert.ok(observer.noise() > 0 && observer.noise() < 1e-3);
  }
});

test('a bias that would not fit into 32 bits widens the scale of its channel', () => {
  const weight = Tensor.from('float32', [2, 2], [1e-12, 1e-12, 0.5, 1]);
  const grid = weightGrid(weight, 0, { type: 'int8', perChannel: true, reduceRange: false });
  const bias = Float32Array.of(3, -2);
  const wide = widenForBias(grid, bias, 0.01);
  const { data, scale } = quantizeBias(bias, wide, 0.01);
  const restored = [...data.numbers()].map((q, i) => q * scale.numbers()[i]);
  assert.ok(Math.abs(restored[0] - 3) < 1e-3 && Math.abs(restored[1] + 2) < 1e-3);
  assert.equal(wide.scales[1], grid.scales[1]);
});

test('4-bit weights clip where that loses less, and uint8 weights say the same as int8 ones', () => {
  const random = new Random(3);
  const data = Float32Array.from({ length: 4096 }, () => random.normal() ** 3);
  const weight = Tensor.from('float32', [4096], data);
  const loss = (type: 'int4' | 'int8' | 'uint8') => {
    const grid = weightGrid(weight, undefined, { type, perChannel: false, reduceRange: false });
    const restored = dequantizeWeight(quantizeWeight(weight, grid), grid).numbers();
    return { grid, error: data.reduce((sum, x, i) => sum + (x - restored[i]) ** 2, 0) };
  };
  const four = loss('int4');
  const largest = data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const plain = data.reduce((sum, x) => sum + (x - Math.round((x / largest) * 7) * (largest / 7)) ** 2, 0);
  assert.ok(four.error < plain * 0.9, `${four.error} against ${plain}`);
  assert.equal(loss('uint8').error, loss('int8').error);
});
