import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { textEncoder } from 'espalier/architectures';
import { findDependencies, findLayers, pruneModel } from 'espalier/compression/pruning';
import { footprint, makeFeeds } from 'espalier/infrastructure/hardware';
import type { Model, Tensor } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { staticCopy } from '#dist/compression/pruning/prepare.js';
import { fixture, shared, skipWithout } from '../../support/paths.js';
import { provesRemoval, run, zeroed } from './removal.js';

const folder = fixture('pruning');
const cases = shared('cases/groupnorm-decomposed');
const exported = readdirSync(folder).filter((file) => file.endsWith('.onnx'));
const transformers = exported.filter((file) => !file.startsWith('groupnorm'));

function headsOf(model: Model) {
  return findLayers(findDependencies(staticCopy(model), { heads: true })).filter(({ kind }) => kind === 'heads');
}

/** Feeds with two samples, and sequences of 5 where the length is open. */
function feedsOf(model: Model): Record<string, Tensor> {
  return makeFeeds(model, { bindings: { batch: 2, length: 5 } });
}

for (const file of exported) {
  test(`${file} as PyTorch exports it: removing heads and channels is zeroing them`, async () => {
    const model = await loadModel(join(folder, file));
    let removed = 0;
    for (const seed of [1, 2, 3]) removed += (await provesRemoval(model, seed, { feeds: feedsOf(model), heads: true })).removed;
    assert.ok(removed > 0);
  });
}

for (const file of transformers) {
  test(`${file}: its heads are found, and the one that does nothing is the first to go, with equal outputs`, async () => {
    const model = await loadModel(join(folder, file));
    const layers = headsOf(model);
    assert.deepEqual(
      layers.map(({ groups }) => groups.length),
      file.startsWith('packed') ? [4, 4] : [4],
    );
    const dead = zeroed(
      model,
      layers.map(({ groups }) => groups[2]),
    );
    const pruned = await pruneModel(dead, { keep: 0.5, structure: ['heads'], maxLayerFraction: 0.25 });
    assert.deepEqual(
      pruned.layers.map(({ kind, before, after }) => [kind, before, after]),
      layers.map(() => ['heads', 4, 3]),
    );
    const feeds = feedsOf(model);
    const [small, whole] = [(await run(pruned.model, feeds)).y.numbers(), (await run(dead, feeds)).y.numbers()];
    small.forEach((number, i) => {
      assert.ok(Math.abs(number - whole[i]) < 2e-5, `${number}, not ${whole[i]}`);
    });
  });
}

test('heads go from the text encoder; without them in the structure, every head keeps its number and loses of its size', async () => {
  const model = textEncoder.build({ input: [16], vocabulary: 50, classes: 3, seed: 1 });
  const heads = headsOf(model);
  assert.ok(heads.length > 0);
  const pruned = await pruneModel(model, { keep: 0.8, structure: ['heads'] });
  assert.ok(pruned.layers.every(({ kind }) => kind === 'heads'));
  assert.ok(footprint(pruned.model, { batch: 1 }).macs < footprint(model, { batch: 1 }).macs);
  const channels = await pruneModel(model, { keep: 0.8, structure: ['channels'] });
  assert.ok(channels.layers.every(({ kind }) => kind === 'channels'));
});

test('a decomposed GroupNormalization loses whole groups, as the operator does', { skip: skipWithout(cases, 'the case') }, async () => {
  const widths = async (file: string) => {
    const { layers, after } = await pruneModel(await loadModel(join(cases as string, file)), { keep: 0.4, of: 'parameters' });
    return { after, layers: layers.map(({ before, after }) => [before, after]) };
  };
  const [written, operator] = [await widths('p_gn0.onnx'), await widths('p_gn1.onnx')];
  assert.deepEqual(written.layers, operator.layers);
});
