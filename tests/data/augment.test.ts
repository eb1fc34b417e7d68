import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError, Random } from 'espalier/base';
import { type Augmentation, augmentationKinds, type Batch, pipeline, softTargets } from 'espalier/data';
import { classesOf, countedDataset, imageBatch } from './support.js';

const run = (batch: Batch, steps: Augmentation[], seed = 0, epoch = 0) => pipeline(steps)(batch, new Random(seed), epoch);
const pixels = (batch: Batch) => Array.from(batch.inputs.image.data, Number);

test('a flip mirrors columns, and twice is nothing', () => {
  const batch = imageBatch(2, 3, 4, 3);
  const once = run(batch, [{ name: 'flip', probability: 1 }]);
  const at = (b: Batch, n: number, y: number, x: number, c: number) => Number(b.inputs.image.data[((n * 3 + y) * 4 + x) * 3 + c]);
  for (let n = 0; n < 2; n++)
    for (let y = 0; y < 3; y++)
      for (let x = 0; x < 4; x++) for (let c = 0; c < 3; c++) assert.equal(at(once, n, y, x, c), at(batch, n, y, 3 - x, c));
  assert.deepEqual(pixels(run(once, [{ name: 'flip', probability: 1 }])), pixels(batch));
  assert.deepEqual(pixels(run(batch, [{ name: 'flip', probability: 0 }])), pixels(batch));
});

test('half the images are flipped', () => {
  const batch = imageBatch(2000, 1, 2, 1);
  const flipped = run(batch, [{ name: 'flip' }]);
  const changed = Array.from({ length: 2000 }, (_, i) => flipped.inputs.image.data[2 * i] !== batch.inputs.image.data[2 * i]).filter(
    Boolean,
  ).length;
  assert.ok(Math.abs(changed - 1000) < 4 * Math.sqrt(500), String(changed));
});

test('flipped alternately, each image is seen both ways in any two epochs, and half of them mirrored in each', () => {
  const batch = imageBatch(2000, 1, 2, 1);
  const mirrored = (epoch: number, seed: number) => {
    const { data } = run(batch, [{ name: 'flip', alternate: true }], seed, epoch).inputs.image;
    return Array.from({ length: 2000 }, (_, i) => data[2 * i] !== batch.inputs.image.data[2 * i]);
  };
  const first = mirrored(0, 1);
  assert.ok(Math.abs(first.filter(Boolean).length - 1000) < 4 * Math.sqrt(500), String(first.filter(Boolean).length));
  assert.deepEqual(
    mirrored(1, 2),
    first.map((flipped) => !flipped),
  );
  assert.deepEqual(mirrored(2, 3), first);
  // Which image it is counts, not where it stands in the batch.
  const swapped = { ...batch, indices: batch.indices.map((_, i) => 1999 - i) };
  const { data } = run(swapped, [{ name: 'flip', alternate: true }]).inputs.image;
  assert.deepEqual(
    Array.from({ length: 2000 }, (_, i) => data[2 * i] !== batch.inputs.image.data[2 * i]),
    first.toReversed(),
  );
  assert.throws(() => run(batch, [{ name: 'flip', alternate: true, probability: 0.4 }]), OptionError);
});

test('a crop by 0 is nothing; any other equals padding and cutting, zero and reflected', () => {
  const [height, width, p] = [5, 4, 2];
  const batch = imageBatch(40, height, width, 1);
  assert.deepEqual(pixels(run(batch, [{ name: 'crop', pixels: 0 }])), pixels(batch));
  for (const padding of ['zero', 'reflect'] as const) {
    const shifted = run(batch, [{ name: 'crop', pixels: p, padding }], 7);
    const seen = new Set<string>();
    for (let n = 0; n < 40; n++) {
      const image = pixels(batch).slice(n * 20, n * 20 + 20);
      const found = pixels(shifted)
        .slice(n * 20, n * 20 + 20)
        .join();
      const candidates = new Map<string, string>();
      for (let dy = -p; dy <= p; dy++)
        for (let dx = -p; dx <= p; dx++) candidates.set(padAndCut(image, height, width, dy, dx, padding).join(), `${dy},${dx}`);
      assert.ok(candidates.has(found), `image ${n}, ${padding}`);
      seen.add(candidates.get(found) as string);
    }
    assert.ok(seen.size > 12, `${seen.size} of 25 shifts`);
  }
});

/** The definition, pixel by pixel, by numpy's rules for padding. */
function padAndCut(image: number[], height: number, width: number, dy: number, dx: number, padding: 'zero' | 'reflect'): number[] {
  const bounce = (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i);
  return Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width) + dy, (i % width) + dx];
    if (padding === 'reflect') return image[bounce(y, height) * width + bounce(x, width)];
    return y < 0 || x < 0 || y >= height || x >= width ? 0 : image[y * width + x];
  });
}

test('a cutout is one filled rectangle, a full square where the edges allow', () => {
  const base = imageBatch(200, 9, 9, 3);
  base.inputs.image.data.fill(1 as never);
  const cut = pixels(run(base, [{ name: 'cutout', size: 4, fill: 9 }]));
  let full = 0;
  for (let n = 0; n < 200; n++) {
    const holes = Array.from({ length: 81 }, (_, i) => i).filter((i) => [0, 1, 2].every((c) => cut[(n * 81 + i) * 3 + c] === 9));
    const rows = holes.map((i) => Math.floor(i / 9));
    const columns = holes.map((i) => i % 9);
    const area = (Math.max(...rows) - Math.min(...rows) + 1) * (Math.max(...columns) - Math.min(...columns) + 1);
    assert.equal(area, holes.length, 'a rectangle');
    if (area === 16) full++;
    assert.equal(cut.slice(n * 243, n * 243 + 243).filter((value) => value === 9).length, 3 * holes.length);
  }
  assert.ok(full > 40 && full < 200);
});

test('mixup: inputs and targets are the same convex combination', () => {
  const batch = imageBatch(16, 2, 2, 3);
  const mixed = run(batch, [{ name: 'mixup', alpha: 1 }], 3);
  const { weights, targets: others } = mixed.mixed!;
  const [own, other] = [classesOf(batch).values, classesOf({ targets: others }).values];
  const weight = weights[0];
  assert.ok(weight > 0 && weight < 1 && weights.every((other) => other === weight));
  assert.equal(mixed.inputs.image.type, 'float32');
  const original = pixels(batch);
  const rows = Array.from({ length: 16 }, (_, i) => original.slice(i * 12, i * 12 + 12));
  for (let i = 0; i < 16; i++) {
    const found = pixels(mixed).slice(i * 12, i * 12 + 12);
    const partner = rows.findIndex(
      (row, j) => other[i] === own[j] && row.every((value, k) => Math.abs(weight * rows[i][k] + (1 - weight) * value - found[k]) < 1e-3),
    );
    assert.ok(partner >= 0, `sample ${i}`);
  }
  const targets = softTargets(mixed, 3);
  for (let i = 0; i < 16; i++) {
    assert.ok(Math.abs(targets.slice(3 * i, 3 * i + 3).reduce((sum, value) => sum + value, 0) - 1) < 1e-6);
    const label = classesOf(mixed).values[i];
    assert.ok(Math.abs(targets[3 * i + label] - (label === other[i] ? 1 : weight)) < 1e-6);
  }
});

test('soft targets: one-hot, smoothing by its formula, and labels that do not fit', () => {
  const batch = imageBatch(2, 1, 1, 1);
  assert.deepEqual(Array.from(softTargets(batch, 3)), [1, 0, 0, 0, 1, 0]);
  const smooth = softTargets(batch, 3, 0.3);
  assert.deepEqual(
    Array.from(smooth, (value) => Math.round(value * 1e6) / 1e6),
    [0.8, 0.1, 0.1, 0.1, 0.8, 0.1],
  );
  assert.throws(() => softTargets(batch, 1), /below 1/);
  assert.throws(() => softTargets({ ...batch, targets: undefined }, 3), OptionError);
});

test('the same seed gives the same bytes, another seed others, and the batch that came in is untouched', () => {
  const steps: Augmentation[] = JSON.parse(
    '[{"name":"flip"},{"name":"crop","pixels":2,"padding":"reflect"},{"name":"cutout","size":3},{"name":"mixup"}]',
  );
  const batch = imageBatch(8, 6, 6, 3);
  const before = pixels(batch);
  assert.deepEqual(pixels(run(batch, steps, 4)), pixels(run(batch, steps, 4)));
  assert.notDeepEqual(pixels(run(batch, steps, 4)), pixels(run(batch, steps, 5)));
  assert.deepEqual(pixels(batch), before);
});

test('what cannot be augmented is refused', async () => {
  for (const bad of [
    { name: 'flip', probability: 2 },
    { name: 'crop', pixels: -1 },
    { name: 'crop', padding: 'edge' },
    { name: 'cutout', size: 0 },
    { name: 'mixup', alpha: 0 },
    { name: 'rotate' },
  ]) {
    assert.throws(() => pipeline([bad as Augmentation]), OptionError);
  }
  assert.throws(() => pipeline([{ name: 'mixup' }, { name: 'mixup' }]), /only once/);
  const table = await countedDataset([2, 2]).read(Int32Array.of(0, 1));
  assert.throws(() => run(table, [{ name: 'flip' }]), /for images/);
  assert.equal(run(table, [{ name: 'mixup' }]).inputs.x.type, 'float32');
});

test('an option that there is not is refused by its name, and so are values that are not good', () => {
  assert.throws(
    () => pipeline([{ name: 'crop', pixles: 99 }]),
    (error) => error instanceof OptionError && /"crop", option "pixles"/.test(error.message) && /pixels, padding/.test(error.message),
  );
  assert.throws(() => pipeline([{ name: 'flip', probability: 2 }]), /"probability".*a number in \[0, 1\].*2/s);
  assert.throws(() => pipeline([{ name: 'flip', alternate: true, probability: 0.3 }]), /true only with probability 0\.5/);
  assert.throws(() => pipeline([{ name: 'mixup', alpha: 0 }]), /a number above 0/);
  assert.throws(() => pipeline([{ name: 'cutout', size: 1.5 }]), /a whole number, at least 1/);
  for (const { name, options } of augmentationKinds().values())
    for (const [option, { preset, isGood, description }] of Object.entries(options)) {
      assert.ok(isGood(preset), `${name} ${option}`);
      assert.notEqual(description, '');
    }
});
