import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionError, Stopped } from 'espalier/base';
import {
  arrayDataset,
  type BatchOptions,
  batchCount,
  batches,
  classTargets,
  type Dataset,
  epochOrder,
  subset,
  type Transform,
} from 'espalier/data';
import { classesOf, collect, countedDataset } from './support.js';

const order = async (dataset: Dataset, options: BatchOptions) =>
  (await collect(batches(dataset, options))).map((batch) => Array.from(batch.inputs.x.data, Number));

/** A data set that records when each batch is read. */
function recorded(dataset: Dataset, log: string[]): Dataset {
  return {
    ...dataset,
    async read(indices, signal) {
      log.push(`read ${indices[0]}`);
      return dataset.read(indices, signal);
    },
  };
}

test('plain order, last batch kept or dropped', async () => {
  const data = countedDataset([4, 3]);
  assert.deepEqual(await order(data, { batchSize: 3 }), [[0, 1, 2], [3, 4, 5], [6]]);
  assert.deepEqual(await order(data, { batchSize: 3, dropLast: true }), [
    [0, 1, 2],
    [3, 4, 5],
  ]);
  assert.deepEqual([batchCount(7, { batchSize: 3 }), batchCount(7, { batchSize: 3, dropLast: true })], [3, 2]);
});

test('each epoch has an order of its own that depends on seed and epoch only', async () => {
  const data = countedDataset([50, 50]);
  const epoch = (n: number, more: Partial<BatchOptions> = {}) => order(data, { batchSize: 32, shuffle: true, seed: 5, epoch: n, ...more });
  assert.deepEqual(await epoch(2), await epoch(2, { prefetch: 0 }));
  assert.notDeepEqual(await epoch(1), await epoch(2));
  assert.deepEqual(
    (await epoch(3)).flat().sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  assert.deepEqual(await epoch(2, { skip: 2 }), (await epoch(2)).slice(2));
  assert.deepEqual((await epoch(2)).flat(), Array.from(epochOrder(100, { shuffle: true, seed: 5, epoch: 2 })));
});

test('transforms draw the same numbers whether batches are skipped or not', async () => {
  const data = countedDataset([10, 10]);
  const draw = async (skip: number) => {
    const seen: number[] = [];
    const note: Transform = (batch, random) => {
      seen.push(random.uint32());
      return batch;
    };
    await collect(batches(data, { batchSize: 5, seed: 1, skip, transforms: [note] }));
    return seen;
  };
  assert.deepEqual(await draw(2), (await draw(0)).slice(2));
});

test('reads ahead as far as asked, and no further', async () => {
  const log: string[] = [];
  const data = recorded(countedDataset([10, 10]), log);
  for await (const batch of batches(data, { batchSize: 4, prefetch: 2 })) log.push(`use ${batch.indices[0]}`);
  assert.deepEqual(log, ['read 0', 'read 4', 'read 8', 'use 0', 'read 12', 'use 4', 'read 16', 'use 8', 'use 12', 'use 16']);
  log.length = 0;
  for await (const batch of batches(data, { batchSize: 8, prefetch: 0 })) log.push(`use ${batch.indices[0]}`);
  assert.deepEqual(log, ['read 0', 'use 0', 'read 8', 'use 8', 'read 16', 'use 16']);
  log.length = 0;
  for await (const _ of batches(data, { batchSize: 4, prefetch: 1 })) break;
  assert.deepEqual(log, ['read 0', 'read 4']);
});

test('a failed read surfaces at its own batch; an aborted signal stops', async () => {
  const good = countedDataset([4, 4]);
  const broken: Dataset = { ...good, read: async (indices) => (indices[0] === 4 ? Promise.reject(new Error('disk')) : good.read(indices)) };
  let used = 0;
  await assert.rejects(async () => {
    for await (const _ of batches(broken, { batchSize: 2, prefetch: 3 })) used++;
  }, /disk/);
  assert.equal(used, 2);
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (const _ of batches(good, { batchSize: 2, signal: stop.signal })) stop.abort();
  }, Stopped);
});

test('impossible options are refused by name', async () => {
  for (const bad of [
    { batchSize: 0 },
    { batchSize: 2.5 },
    { batchSize: 2, prefetch: -1 },
    { batchSize: 2, skip: -1 },
    { batchSize: 2, epoch: Number.NaN },
  ]) {
    await assert.rejects(collect(batches(countedDataset([2, 2]), bad)), OptionError);
  }
});

test('a data set in memory: copies on reading, checks what it is given, and has a fingerprint of its content', async () => {
  const tensor = { type: 'uint8' as const, shape: [3, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const data = arrayDataset({ name: 'd', inputs: { x: tensor }, targets: classTargets(Int32Array.of(0, 1, 1)) });
  const batch = await data.read(Int32Array.of(2, 0, 2));
  assert.deepEqual(
    [batch.size, batch.inputs.x.shape, batch.inputs.x.data, classesOf(batch).values],
    [3, [3, 2], Uint8Array.of(5, 6, 1, 2, 5, 6), Int32Array.of(1, 0, 1)],
  );
  batch.inputs.x.data.fill(0 as never);
  assert.equal(tensor.data[4], 5);
  await assert.rejects(data.read(Int32Array.of(3)), /No such sample/);
  assert.throws(() => arrayDataset({ name: 'd', inputs: { x: tensor }, targets: classTargets(Int32Array.of(0)) }), /one label per sample/);
  assert.throws(() => arrayDataset({ name: 'd', inputs: { x: { ...tensor, shape: [3, 3] } } }), /does not fill/);
  assert.throws(() => arrayDataset({ name: 'd', inputs: { x: tensor, y: { ...tensor, shape: [2, 3] } } }), /different numbers of samples/);
  assert.throws(() => arrayDataset({ name: 'd', inputs: { x: { ...tensor, shape: [0, 2], data: new Uint8Array(0) } } }), /no sample/);
  const same = arrayDataset({ name: 'other name', inputs: { x: tensor }, targets: classTargets(Int32Array.of(0, 1, 1)) });
  const other = arrayDataset({ name: 'd', inputs: { x: tensor }, targets: classTargets(Int32Array.of(0, 1, 0)) });
  assert.equal(same.fingerprint, data.fingerprint);
  assert.notEqual(other.fingerprint, data.fingerprint);
  assert.notEqual(subset(data, Int32Array.of(0, 1)).fingerprint, subset(data, Int32Array.of(1, 0)).fingerprint);
});
