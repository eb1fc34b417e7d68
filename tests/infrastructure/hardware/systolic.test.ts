import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  computeCycles,
  type Dataflow,
  dramTraffic,
  footprint,
  type LayerCost,
  mapProduct,
  parseHardware,
  quantile,
  sramTraffic,
  systolicArrays,
  systolicModel,
} from 'espalier/infrastructure/hardware';
import { Graph, GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { fixture } from '../../support/paths.js';

type Sizes = readonly [
  height: number,
  width: number,
  kernelH: number,
  kernelW: number,
  channels: number,
  filters: number,
  stride: number,
  groups: number,
];

interface Run {
  readonly layer: string;
  readonly array: readonly [number, number];
  readonly dataflow: 'os' | 'ws' | 'is';
  /** KiB. */
  readonly buffers: readonly [number, number, number];
  readonly cycles: number;
  readonly utilisation: number;
  readonly sram: readonly [number, number, number];
  readonly dram: readonly [number, number, number];
}

const { layers, runs } = JSON.parse(readFileSync(fixture('hardware', 'systolic.json'), 'utf8')) as {
  layers: Record<string, Sizes>;
  runs: Run[];
};
const flows: Record<Run['dataflow'], Dataflow> = { os: 'output', ws: 'weight', is: 'input' };

/** A layer of the fixture as an ONNX model, whose operator says which product it is. */
function layerNamed(name: string): LayerCost {
  const [height, width, kernelH, kernelW, channels, filters, stride, groups] = layers[name];
  const build = new GraphBuilder(new Graph('layer'));
  const weight = (...shape: number[]) => build.constant(Tensor.of('float32', shape, new Float32Array(shape.reduce((a, b) => a * b))));
  const isProduct = /^(dense|product)/.test(name);
  const x = build.input('x', 'float32', isProduct ? [height, channels] : [1, channels * groups, height, width]);
  const y = isProduct
    ? build.op('MatMul', [x, weight(channels, filters)])
    : build.op('Conv', [x, weight(filters * groups, channels, kernelH, kernelW)], { strides: [stride, stride], group: groups });
  build.output(y);
  return footprint(new Model(build.graph, 21)).layers[0];
}

const counted = runs.map((run) => {
  const [rows, columns] = run.array;
  const mesh = { rows, columns };
  const layer = layerNamed(run.layer);
  assert.ok(layer.product);
  // SCALE-Sim ran one group.
  const product = { ...layer.product, count: 1 };
  const dataflow = flows[run.dataflow];
  const mapping = mapProduct(product, mesh, dataflow);
  const [inputs, weights, outputs] = run.buffers.map((kib) => 1024 * kib);
  const buffers = { inputs, weights, outputs };
  return { run, mesh, dataflow, product, mapping, buffers, dram: dramTraffic(product, mapping, mesh, dataflow, buffers) };
});

test('cycles are those of SCALE-Sim for 25 kinds of layers on 6 arrays in 3 dataflows', () => {
  assert.equal(new Set(runs.map(({ layer }) => layer)).size, 25);
  assert.equal(new Set(runs.map(({ array }) => array.join('x'))).size, 6);
  for (const { run, product, mapping } of counted) {
    // It numbers the last cycle, from 0; this is their count.
    assert.equal(computeCycles(product, mapping) - 1, run.cycles, `${run.layer}, ${run.array.join(' × ')}, ${run.dataflow}`);
  }
});

test('utilisation and the traffic of the buffers are those of SCALE-Sim', () => {
  for (const { run, product, mapping, mesh, dataflow } of counted) {
    const name = `${run.layer}, ${run.array.join(' × ')}, ${run.dataflow}`;
    const { rows, depth, columns } = product;
    const utilisation = (100 * rows * depth * columns) / (computeCycles(product, mapping) * mesh.rows * mesh.columns);
    assert.ok(Math.abs(utilisation / run.utilisation - 1) < 0.01, `${name}: ${utilisation} and ${run.utilisation}`);
    const { inputs, weights, outputs } = sramTraffic(product, mapping, dataflow);
    // Where results stay, it counts a number for each row and column of every fold besides the results.
    const { rowFolds, columnFolds } = mapping;
    const across = columnFolds * rows + rowFolds * columns;
    const extra = run.sram[2] - outputs;
    assert.deepEqual([inputs, weights], run.sram.slice(0, 2), name);
    assert.ok(run.dataflow === 'os' ? extra >= across && extra <= rowFolds * columnFolds * (mesh.rows + mesh.columns) : extra === 0, name);
  }
});

test('traffic of the memory is that of SCALE-Sim where operands fit their buffers, and near it where not', () => {
  let fitting = 0;
  const ratios: number[] = [];
  for (const { run, product, buffers, dram } of counted) {
    const { depth, columns } = product;
    // It rounds halves of buffers down to hundredths of them.
    const fits = product.inputs < 0.49 * buffers.inputs && depth * columns < 0.49 * buffers.weights;
    const name = `${run.layer}, ${run.array.join(' × ')}, ${run.dataflow}, ${run.buffers}`;
    if (fits) {
      fitting++;
      // Pixels that no window touches are in the tensor, but are not read.
      assert.ok(dram.inputs >= run.dram[0] && dram.inputs <= 1.25 * run.dram[0], `${name}: ${dram.inputs} and ${run.dram[0]}`);
      assert.equal(dram.weights, run.dram[1], name);
      // It writes whole lines of the array. Sums of parts of the depth it writes all to memory; here they stay where they fit.
      if (run.dataflow === 'os') assert.ok(run.dram[2] >= dram.outputs && run.dram[2] < dram.outputs + run.array[1], name);
    } else ratios.push((dram.inputs + dram.weights) / (run.dram[0] + run.dram[1]));
  }
  assert.deepEqual([fitting, ratios.length], [207, 93]);
  // Its buffers forget what came first, also where that is wanted again soon: it reads up to 4.5 times as much.
  const [low, middle, high] = [0, 0.5, 1].map((share) => quantile(ratios, share));
  assert.ok(low > 0.21 && high < 1.06 && Math.abs(middle - 1) < 0.01, `${low} to ${high}, median ${middle}`);
});

test('groups run one after another; what bounds a layer follows from the memory', () => {
  const depthwise = layerNamed('depthwise 3x3');
  const run = runs.find(({ layer, dataflow }) => layer === 'depthwise 3x3' && dataflow === 'os');
  assert.ok(run);
  const [rows, columns] = run.array;
  const profile = { ...systolicArrays[2], rows, columns, dataflow: 'output' as const, dramBytesPerSecond: 1e15 };
  const model = systolicModel(profile);
  const { cycles, bound } = model.layer(depthwise);
  assert.equal(cycles, 32 * (run.cycles + 1));
  // 9 products, after more cycles in which the array fills.
  assert.equal(bound, 'start-up');
  const slow = systolicModel({ ...profile, dramBytesPerSecond: 1e6 }).layer(depthwise);
  assert.equal(slow.bound, 'memory');
  assert.ok(Math.abs(slow.seconds - (slow.dramBytes ?? 0) / 1e6) < 1e-6);
  assert.equal(model.layer(layerNamed('convolution 3x3')).bound, 'compute');
});

test('an array from JSON is the same as one in code', () => {
  const json = JSON.parse(JSON.stringify({ ...systolicArrays[0], name: 'mine' }));
  const layer = layerNamed('convolution 3x3');
  assert.deepEqual(parseHardware(json, 'mine.json').layer(layer), systolicModel(systolicArrays[0]).layer(layer));
});
