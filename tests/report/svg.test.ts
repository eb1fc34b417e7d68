import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layerBars, pairLayers, sensitivityList, trainingCurves } from 'espalier/report/info';
import { frontSvg, layersSvg, sensitivitySvg, trainingSvg } from 'espalier/report/render';
import { bareRun, digitsRun, emptyFrontRun, fidelityRun, hostileRun, singleRun } from '../fixtures/report/samples.js';
import { parseMarkup } from './markup.js';

for (const [name, run] of Object.entries({ digitsRun, fidelityRun, emptyFrontRun, singleRun, bareRun, hostileRun })) {
  test(`the front of ${name} is a well-formed picture with a title and a description, and fetches nothing`, () => {
    const svg = frontSvg(run());
    const { elements, attributes } = parseMarkup(svg);
    assert.deepEqual(elements.slice(0, 3), ['svg', 'title', 'desc']);
    assert.doesNotMatch(svg.replace('xmlns="http://www.w3.org/2000/svg"', ''), /https?:|url\(|@import/);
    assert.equal(
      attributes.some(({ name: key }) => key.startsWith('on') || key === 'href'),
      false,
    );
    for (const { value } of attributes) assert.doesNotMatch(value, /NaN|Infinity|undefined/);
  });
}

test('every model is marked once, by its role', () => {
  const { attributes } = parseMarkup(frontSvg(digitsRun(), { standalone: false }));
  const count = (kind: string) =>
    attributes.filter(({ name, value, element }) => element !== 'svg' && name === 'class' && value === `point ${kind}`).length;
  // One more of each is in the legend.
  assert.deepEqual([count('baseline'), count('front'), count('other')], [2, 7, 7]);
});

test('labels keep apart', () => {
  const { attributes, texts } = parseMarkup(frontSvg(digitsRun()));
  for (const label of ['original', 'quantize static mse', 'prune keep 0.5 + quantize static min-max'])
    assert.ok(texts.includes(label), label);
  const labels = attributes.filter(({ value }) => value.startsWith('halo'));
  assert.ok(labels.length >= 6);
});

test('charts of layers, sensitivity and training hold hostile names as text', () => {
  const run = hostileRun();
  const [model] = run.models;
  const pairs = pairLayers(run.layers.original, run.layers['prune-0c8811ee']);
  const charts = [
    layersSvg(layerBars(pairs, 'macs', 3), 'macs'),
    sensitivitySvg(sensitivityList(model.notes), 'accuracy'),
    trainingSvg(trainingCurves(model.notes)!),
  ];
  for (const svg of charts) assert.equal(parseMarkup(svg).elements.includes('script'), false);
});

test('bars are as long as the costs', () => {
  const before = digitsRun().layers.original;
  const after = digitsRun().layers['prune-0c8811ee'];
  const { attributes } = parseMarkup(layersSvg(layerBars(pairLayers(before, after), 'macs'), 'macs'));
  const widths = attributes.filter(({ element, name }) => element === 'rect' && name === 'width').map(({ value }) => Number(value));
  // Ground and two keys of the legend, then a pair for each layer; the second layer's is the largest: 589,824 and 147,456.
  const [conv1Before, conv1After, conv2Before, conv2After] = widths.slice(3);
  assert.equal(conv2Before, 420);
  assert.equal(conv2After, 105);
  assert.ok(Math.abs(conv1Before - (420 * 18_432) / 589_824) < 0.01);
  assert.ok(Math.abs(conv1After - (420 * 9_216) / 589_824) < 0.01);
});
