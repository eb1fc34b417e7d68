import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UnsupportedError } from 'espalier/base';
import { pruneModel } from 'espalier/compression/pruning';
import { footprint, makeFeeds } from 'espalier/infrastructure/hardware';
import type { Model } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { dequantize } from 'espalier/ops';
import { shared, skipWithout } from '../../support/paths.js';
import { provesRemoval, run } from './removal.js';

const folder = shared('models');
const files = folder ? readdirSync(folder).filter((file) => file.endsWith('.onnx')) : [];

/** Feeds in which every open dimension but the batch is 20. */
function feedsOf(model: Model, batch?: number) {
  const open = model.graph.feeds.flatMap(({ shape }) => (shape ?? []).slice(1).filter((dim) => typeof dim !== 'number'));
  return makeFeeds(model, { batch, bindings: Object.fromEntries(open.map((dim) => [String(dim), 20])) });
}

for (const file of files) {
  test(`${file}: smaller and running, with the same outputs, or refused with the reason`, async () => {
    const model = await loadModel(join(folder as string, file));
    try {
      const pruned = await pruneModel(model, { keep: 0.7 });
      assert.ok(pruned.after < pruned.before);
      assert.ok(footprint(pruned.model, { batch: 1 }).parameters < footprint(model, { batch: 1 }).parameters);
      const isOpen = model.graph.feeds.every(({ shape }) => typeof shape?.[0] === 'object');
      for (const batch of isOpen ? [1, 3] : [undefined]) {
        const [small, whole] = [await run(pruned.model, feedsOf(model, batch)), await run(model, feedsOf(model, batch))];
        for (const [name, { dtype, shape }] of Object.entries(whole)) {
          assert.deepEqual([small[name].dtype, small[name].shape], [dtype, shape]);
        }
      }
    } catch (error) {
      assert.ok(error instanceof UnsupportedError, String(error));
      assert.match(error.message, /no channel that could be removed.*Nothing was removed next to/s);
      return;
    }
    // Deep networks with untypical inputs amplify rounding; a wrong removal would change the outputs as a whole.
    await provesRemoval(dequantize(model), 3, { feeds: feedsOf(model), tolerance: 5e-3 });
  });
}

test('real models', { skip: skipWithout(folder, 'a folder of models') }, () => assert.ok(files.length > 10));
