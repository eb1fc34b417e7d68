import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Footprint, LayerCost } from 'espalier/infrastructure/hardware';
import { inspectInfo, inspectTotals } from 'espalier/report/info';
import { inspectHtml, inspectTable } from 'espalier/report/render';
import { parseMarkup } from './markup.js';

const layer = (node: string, op: string, macs: number | undefined, weightBytes: number, more: Partial<LayerCost> = {}): LayerCost => ({
  node,
  op,
  inputs: [],
  outputs: [[1, 'H', 8]],
  parameters: weightBytes / 4,
  weightBytes,
  macs,
  activationBytes: 100,
  traffic: 200,
  dtype: 'float32',
  ...more,
});

function sample(): Footprint {
  return {
    bytes: 5000,
    parameters: 1000,
    constants: { float32: { count: 1000, bytes: 4000 }, int64: { count: 2, bytes: 16 } },
    weightBytes: 4016,
    macs: 1000,
    activationBytes: 400,
    memory: { inputs: 10, outputs: 10, activations: 150, total: 170, at: 'Conv "a"' },
    intensity: 0.5,
    energy: { estimate: true, arithmetic: 1, weights: 2, activations: 3, total: 6, uncountedMacs: 0, source: 'a table' },
    layers: [
      layer('a', 'Conv', 750, 3000),
      layer('b', 'Conv', 150, 600),
      layer('c', 'Gemm', 100, 400),
      layer('d', 'Custom', undefined, 0),
      layer('e', 'Conv', 900, 9000, { alternative: true, within: 'If_0' }),
    ],
    bindings: { N: 1 },
    gaps: [{ node: 'Custom "d"', reason: 'Espalier has no rule for this operator' }],
  };
}

test('where the cost is: shares by layer and by operator, branches that do not run left out', () => {
  const info = inspectInfo(sample());
  assert.deepEqual(
    info.operators.map(({ name, layers, macs, uncounted, macsShare, weightShare }) => [
      name,
      layers,
      macs,
      uncounted,
      macsShare,
      weightShare,
    ]),
    [
      ['Conv', 2, 900, 0, 0.9, 0.9],
      ['Gemm', 1, 100, 0, 0.1, 0.1],
      ['Custom', 1, 0, 1, 0, 0],
    ],
  );
  assert.deepEqual(
    info.layers.map(({ name, macsShare }) => [name, macsShare]),
    [
      ['If_0 / e', 0],
      ['a', 0.75],
      ['b', 0.15],
      ['c', 0.1],
      ['d', 0],
    ],
  );
  assert.deepEqual(
    info.types.map(({ dtype }) => dtype),
    ['float32', 'int64'],
  );
  assert.equal(info.layers[1].output, '1×H×8');
  assert.deepEqual(info.warnings, ['Custom "d": Espalier has no rule for this operator.']);
  const totals = Object.fromEntries(inspectTotals(info));
  assert.equal(totals.MACs, 'at least 1 K; 1 layer could not be counted');
  assert.equal(totals.assumed, 'N = 1');
});

test('the terminal table begins with what is not known, and keeps to the width', () => {
  for (const width of [50, 80, 140]) {
    const lines = inspectTable(sample(), { name: 'model.onnx', width, layers: 3 }).split('\n');
    assert.match(lines[0], /^! Custom "d"/);
    const tables = lines.filter((line) => /[█▏▎▍▌▋▊▉]|─{5}/.test(line));
    for (const line of tables) assert.ok([...line].length <= width, `${line.length} > ${width}: ${line}`);
    assert.equal(lines.at(-1), '… and 2 layers that cost less');
  }
});

test('the page is well formed and fetches nothing', () => {
  const html = inspectHtml(sample(), '<script>alert(1)</script>.onnx');
  const { texts, attributes } = parseMarkup(html);
  assert.ok(texts.includes('<script>alert(1)</script>.onnx'));
  assert.equal(attributes.filter(({ name }) => name === 'src' || name === 'href').length, 0);
});
