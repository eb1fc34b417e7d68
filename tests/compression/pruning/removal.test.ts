import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architecturesFor } from 'espalier/architectures';
import { pruneModel } from 'espalier/compression/pruning';
import { makeFeeds } from 'espalier/infrastructure/hardware';
import { graphs, modelOf } from './graphs.js';
import { provesRemoval, run } from './removal.js';

for (const [name, build] of Object.entries(graphs)) {
  test(`removing channels is zeroing them: ${name}`, async () => {
    let removed = 0;
    for (const seed of [1, 2, 3]) removed += (await provesRemoval(build(), seed)).removed;
    assert.ok(removed > 0, 'something was removed');
  });
}

for (const architecture of architecturesFor('image')) {
  test(`removing channels is zeroing them: ${architecture.name}`, async () => {
    const model = architecture.build({ input: [3, 16, 16], classes: 4, seed: 2, width: 0.5 });
    const { removed, all } = await provesRemoval(model, 4);
    assert.ok(removed > all / 10, `${removed} of ${all} groups`);
  });
}

test('a slice that takes every axis whole goes on to take every batch whole', async () => {
  const model = modelOf([3, 8, 8], (l, x) => {
    const whole = [2 ** 31 - 1, 2 ** 31 - 1, -2, 2 ** 31 - 1];
    const slice = (value: typeof x) => l.build.op('Slice', [value, l.build.ints([0, 0, 0, 0]), l.build.ints(whole)]);
    return l.head(l.relu(l.conv(slice(l.relu(l.conv(slice(x), 8))), 12)));
  });
  const pruned = await pruneModel(model, { keep: 0.6 });
  for (const batch of [1, 3]) {
    const { y } = await run(pruned.model, makeFeeds(model, { batch }));
    assert.deepEqual(y.shape, [batch, 5]);
  }
});
