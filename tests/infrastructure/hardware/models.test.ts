import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { OptionError } from 'espalier/base';
import {
  addHardware,
  bestTiling,
  cores,
  cpuModel,
  estimateOn,
  fitCosts,
  footprint,
  gpuCards,
  gpuModel,
  hardwareModels,
  hardwareNamed,
  instructionCounts,
  instructionKinds,
  type LayerCost,
  microcontrollers,
  parseHardware,
  quantile,
  relativeFit,
  rooflineDevices,
  systolicArrays,
} from 'espalier/infrastructure/hardware';
import { timeSamples } from 'espalier/infrastructure/hardware/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { root } from '../../support/paths.js';
import { convolutionModel } from '../models.js';

const matrix = (rows: number, depth: number, columns: number) => ({
  ...{ count: 1, rows, depth, columns, inputs: rows * depth, window: 1, reach: depth },
});

/** A product of float16 matrices as a layer. */
function layerOf(rows: number, depth: number, columns: number): LayerCost {
  const bytes = 2 * rows * columns;
  return {
    ...{ node: 'product', op: 'MatMul', inputs: [[rows, depth]], outputs: [[rows, columns]], parameters: depth * columns },
    ...{ weightBytes: 2 * depth * columns, macs: rows * depth * columns, product: matrix(rows, depth, columns), activationBytes: bytes },
    ...{ traffic: bytes + 2 * rows * depth, dtype: 'float16', arithmetic: 'float16' },
  };
}

test('waves: one tile more than there are multiprocessors takes a second wave, as NVIDIA describes it for the A100', () => {
  const [a100] = gpuCards.filter(({ name }) => name === 'a100-sxm');
  assert.equal(a100.multiprocessors, 108);
  const full = bestTiling(matrix(256 * 12, 4096, 128 * 9), 108);
  assert.deepEqual([full.tile.rows, full.tile.columns, full.tiles, full.waves, full.parts], [256, 128, 108, 1, 1]);
  // By hand: one tile for each multiprocessor, at the whole rate.
  assert.equal(full.macsOfOne, 256 * 128 * 4096);
  const more = bestTiling(matrix(256 * 12, 4096, 128 * 9 + 1), 108);
  assert.ok(more.macsOfOne > 1.3 * full.macsOfOne, `${more.macsOfOne / full.macsOfOne}`);
  // The whole product on all units, at the sustained share of 312 teraflops.
  const { seconds, bound, utilisation = 0 } = gpuModel(a100).layer(layerOf(256 * 12, 4096, 128 * 9));
  assert.equal(bound, 'compute');
  assert.ok(Math.abs(seconds / ((3072 * 4096 * 1152) / (156e12 * 0.8)) - 1) < 1e-9);
  assert.ok(Math.abs(utilisation - 0.8) < 1e-9);
});

test('a card: small layers wait for their launch, long vectors for the memory; few tiles are cut along the depth', () => {
  const t4 = hardwareNamed('t4');
  assert.equal(t4.layer(layerOf(1, 64, 10)).bound, 'start-up');
  const memory = t4.layer(layerOf(1, 8192, 8192));
  assert.equal(memory.bound, 'memory');
  assert.ok(Math.abs(memory.seconds / ((2 * 8192 * 8194) / (320e9 * 0.85)) - 1) < 1e-3);
  assert.ok(bestTiling(matrix(32, 8192, 128), 40).parts > 1);
  // tf32 where a card has it, unless a file says otherwise.
  const layer: LayerCost = { ...layerOf(4096, 4096, 4096), arithmetic: 'float32', dtype: 'float32' };
  const [quick, exact] = (['tf32', 'float32'] as const).map((float32As) => gpuModel({ ...gpuCards[1], float32As }).layer(layer).seconds);
  assert.ok(exact / quick > 6);
});

test('least squares of relative errors find what numbers were made of, and nothing below zero', () => {
  const rows = [1, 2, 3, 4, 5, 6].map((i) => [1, i * i, 1000 * i]);
  const found = relativeFit(
    rows,
    rows.map(([one, square, line]) => 5 * one + 0.25 * square + 0.003 * line),
  );
  for (const [index, expected] of [5, 0.25, 0.003].entries()) assert.ok(Math.abs(found[index] / expected - 1) < 1e-3, `${found}`);
  const falling = relativeFit(
    [1, 2, 3].map((i) => [1, i]),
    [3, 2, 1],
  );
  assert.ok(falling[0] > 0 && falling[1] === 0);
});

test('a processor: layers timed here become hardware that a file holds, and that gives their times back', async () => {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const sizes = [64, 4096, 65_536, 262_144];
    const timed = await timeSamples(
      runtime,
      sizes.map((size) => ({ op: 'Sigmoid', inputs: [{ shape: [1, size] }] })),
      { runs: 10 },
    );
    // Each among its like and among others, which here are its like, too.
    assert.equal(timed.length, 2 * sizes.length);
    timed.sort((a, b) => a.layer.traffic - b.layer.traffic);
    const profile = { kind: 'cpu' as const, name: 'mine', title: 'This one', source: 'a test', threads: 1, ...fitCosts(timed) };
    const model = parseHardware(JSON.parse(JSON.stringify(profile)), 'mine.json');
    assert.deepEqual(model.layer(timed[0].layer), cpuModel(profile).layer(timed[0].layer));
    const estimates = timed.map(({ layer, before }) => model.layer(layer, before).seconds);
    // The largest has 4,096 times the numbers of the smallest: order is kept whatever else the machine does.
    const order = (values: readonly number[]) => values[values.length - 1] > values[0];
    assert.ok(order(estimates) && order(timed.map(({ seconds }) => seconds)), `${estimates}`);
  } finally {
    await runtime.dispose();
  }
});

interface Counted {
  readonly set: 'armv7e-m' | 'armv6-m';
  readonly kind: string;
  readonly type: string;
  readonly macs: number;
  readonly elements: number;
  readonly instructions: number;
}

test('instructions of a microcontroller are those that an emulated core counted', () => {
  const counts = JSON.parse(readFileSync(join(root, 'bench', 'instructions', 'kernels.json'), 'utf8')) as Counted[];
  const errors = counts.map(({ set, kind, type, macs, elements, instructions }) => {
    const { perMac, perElement, perLayer } = instructionCounts[set][kind][type];
    return Math.abs((macs * perMac + elements * perElement + perLayer) / instructions - 1);
  });
  assert.ok(counts.length >= 80);
  assert.ok(quantile(errors, 0.5) < 0.02 && quantile(errors, 1) < 0.3, `${quantile(errors, 0.5)}, ${quantile(errors, 1)}`);
});

test('branches of Thumb are those with any of its conditions, not all that begins with b', async () => {
  const { kindOf } = await import(pathToFileURL(join(root, 'bench', 'instructions', 'kinds.mjs')).href);
  const conditions = ['eq', 'ne', 'cs', 'hs', 'cc', 'lo', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le'];
  const branches = ['b', 'bl', 'bx', 'blx', 'cbz', 'cbnz', ...conditions.map((condition) => `b${condition}`)];
  for (const branch of branches) for (const width of ['', '.n', '.w']) assert.equal(kindOf(branch + width), 'branch', branch + width);
  for (const other of ['bic', 'bics', 'bic.w', 'bfi', 'bfc', 'bkpt']) assert.equal(kindOf(other), 'plain', other);
});

test('cycles of a microcontroller: instructions by kind, each with the cycles of the core', () => {
  const relu: LayerCost = {
    ...{ node: 'relu', op: 'Relu', inputs: [[1, 1000]], outputs: [[1, 1000]], parameters: 0, weightBytes: 0, macs: 0 },
    ...{ activationBytes: 4000, traffic: 8000, dtype: 'float32', arithmetic: 'float32' },
  };
  const { perElement, perLayer, mix = {} } = instructionCounts['armv7e-m'].elementwise.float32;
  const { cycles } = cores['cortex-m4'];
  const perInstruction = instructionKinds.reduce((sum, kind) => sum + (mix[kind] ?? 0) * cycles[kind], 0);
  const expected = Math.ceil((1000 * perElement + perLayer) * perInstruction);
  const found = hardwareNamed('stm32f4').layer(relu);
  assert.equal(found.cycles, expected);
  assert.ok(Math.abs(found.seconds - expected / 168e6) < 1e-12);
  // 238 µA/MHz at 168 MHz and 3.3 V.
  assert.ok(Math.abs((found.joules ?? 0) / found.seconds / (238e-6 * 168 * 3.3) - 1) < 1e-9);
  assert.ok((hardwareNamed('rp2040').layer(relu).cycles ?? 0) > expected, 'floats are functions there');
});

test('every hardware with a name estimates a model; names are taken once; what is not there is said', () => {
  const cost = footprint(convolutionModel());
  for (const model of hardwareModels()) {
    const { milliseconds, millijoules = 0, layers } = estimateOn(cost, model);
    assert.ok(milliseconds > 0 && layers.length === cost.layers.length, model.name);
    // Of devices of which only peaks are known, nobody says what they draw.
    assert.equal(millijoules > 0, model.kind !== 'roofline', model.name);
  }
  addHardware({ name: 'abacus', title: 'An abacus', kind: 'beads', source: 'a test', layer: () => ({ seconds: 1, bound: 'compute' }) });
  const { milliseconds, millijoules } = estimateOn(cost, hardwareNamed('abacus'));
  assert.deepEqual([milliseconds, millijoules], [1000 * cost.layers.length, undefined]);
  assert.throws(() => addHardware(hardwareNamed('abacus')), OptionError);
  assert.throws(() => hardwareNamed('nope'), /no hardware "nope".*tpu-v1.*abacus/);
});

test('hardware from JSON: one of each kind, and errors that name the field', () => {
  for (const profile of [...systolicArrays, ...gpuCards, ...microcontrollers, ...rooflineDevices]) {
    const model = parseHardware(JSON.parse(JSON.stringify(profile)), 'x.json');
    assert.deepEqual([model.name, model.kind], [profile.name, profile.kind]);
  }
  const wrong = (json: unknown, pattern: RegExp) =>
    assert.throws(
      () => parseHardware(json, 'x.json'),
      (error: unknown) => error instanceof OptionError && pattern.test(error.message),
    );
  wrong({ ...gpuCards[0], watts: -1 }, /^x\.json, field "watts": /);
  wrong({ ...gpuCards[0], macsPerSecond: { float32: 1 } }, /field "macsPerSecond\.float16"/);
  wrong({ ...systolicArrays[0], dataflow: 'row' }, /field "dataflow".*"output"\|"weight"\|"input"/);
  wrong({ ...systolicArrays[0], cells: 3 }, /"cells"/);
  wrong({ ...microcontrollers[0], core: 'cortex-a76' }, /field "core"/);
  wrong({ kind: 'abacus' }, /field "kind".*microcontroller/);
  wrong([], /^x\.json: /);
});
