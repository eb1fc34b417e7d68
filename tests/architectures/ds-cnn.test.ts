import assert from 'node:assert/strict';
import { it } from 'node:test';
import { architecture } from '#dist/architectures/index.js';
import { footprint } from '#dist/infrastructure/hardware/index.js';

it('ds-cnn has the size of the small DS-CNN of "Hello Edge" on its input of 49 frames and 10 coefficients', () => {
  const model = architecture('ds-cnn').build({ input: [1, 49, 10], classes: 12 });
  const { parameters, macs } = footprint(model);
  // Weights: 10·4·64, four times 3·3·64 + 64·64, and 64·12 + 12; normalizations have four numbers for each of nine times 64 channels,
  // and the share that is dropped before the classifier is one.
  assert.equal(parameters, 2560 + 4 * (576 + 4096) + 780 + 4 * 9 * 64 + 1);
  // The paper says 5.4 million operations, two for each multiply-accumulate; with 25×6 positions here, as half of them is padding.
  assert.ok(macs > 2.5e6 && macs < 3.5e6, String(macs));
});

it('ds-cnn grows by width and depth, and takes short and narrow spectrograms', () => {
  const size = (request: object) => footprint(architecture('ds-cnn').build({ input: [1, 51, 32], classes: 10, ...request })).parameters;
  assert.ok(size({ width: 0.5 }) < size({}) / 2.5 && size({ depth: 2 }) > 1.7 * size({}));
  for (const input of [
    [1, 1, 1],
    [1, 3, 40],
    [1, 100, 2],
  ] as const)
    assert.ok(size({ input }) > 0);
});
