import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architecturesFor } from 'espalier/architectures';
import { graphs } from './graphs.js';
import { provesRemoval } from './removal.js';

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
