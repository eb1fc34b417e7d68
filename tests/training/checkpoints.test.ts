import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FormatError, OptionError } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkpointFolder } from 'espalier/strategies/node';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type TrainOptions, type TrainResult, train } from 'espalier/training';
import { clusters, differences, plainTask, smallMlp } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-checkpoints-'));
after(async () => {
  rmSync(folder, { recursive: true });
  await runtime.dispose();
});

const model = smallMlp({ dropout: 0.3, norm: true });
const data = { train: clusters({ size: 96 }), validation: clusters({ size: 48, seed: 2, spread: 3 }) };
const task = plainTask(data);
const options: TrainOptions = {
  epochs: 6,
  batchSize: 32,
  optimizer: { kind: 'adamw' },
  weightDecay: 0.01,
  ema: 0.9,
  clipNorm: 1,
  augment: [{ name: 'mixup' }],
  balanced: true,
  keepBest: true,
  seed: 11,
};

/** Trains until `stopAfter` epochs are done, as if killed then, and returns every checkpoint. */
async function interrupted(
  stopAfter: number,
  resume?: Checkpoint,
  more: TrainOptions = {},
): Promise<{ result: TrainResult; saved: Checkpoint[] }> {
  const saved: Checkpoint[] = [];
  const result = await train({
    model,
    task,
    runtime,
    options: { ...options, ...more },
    resume,
    onCheckpoint: (checkpoint) => saved.push(checkpoint),
    onEpoch: (record) => record.epoch === stopAfter,
  });
  return { result, saved };
}

const whole = interrupted(99);

test('training that stopped after any epoch goes on to the same bits, through memory', async () => {
  const undisturbed = (await whole).result;
  for (const epoch of [1, 4, 6]) {
    const { saved } = await interrupted(epoch);
    const resumed = (await interrupted(99, decodeCheckpoint(encodeCheckpoint(saved[epoch - 1])))).result;
    assert.deepEqual(differences(resumed.model, undisturbed.model), [], `after epoch ${epoch}`);
    assert.deepEqual(resumed.history, undisturbed.history);
  }
});

test('so with every optimizer, and where a step is several runs', async () => {
  const kinds = ['sgd', 'lion', 'lamb', 'schedule-free-sgd', 'schedule-free-adamw'] as const;
  for (const kind of kinds) {
    const more: TrainOptions = {
      optimizer: { kind },
      schedule: { kind: 'cosine', warmup: 0.3 },
      learningRate: 0.01,
      accumulate: 4,
      samRadius: 0.05,
    };
    const undisturbed = (await interrupted(99, undefined, more)).result;
    const { saved } = await interrupted(2, undefined, more);
    const resumed = (await interrupted(99, saved[1], more)).result;
    assert.deepEqual(differences(resumed.model, undisturbed.model), [], kind);
    assert.deepEqual(resumed.history, undisturbed.history, kind);
  }
});

test('and through files', async () => {
  const store = checkpointFolder(join(folder, 'store'));
  assert.equal(await store.load('train'), undefined);
  await store.save('train', (await whole).saved[2]);
  const resumed = (await interrupted(99, await store.load('train'))).result;
  assert.deepEqual(differences(resumed.model, (await whole).result.model), []);
});

test('a training stopped for lack of progress does not go on when it is resumed', async () => {
  const patient = { patience: 1, learningRate: 1e-7, epochs: 9 };
  const { result, saved } = await interrupted(99, undefined, patient);
  assert.ok(result.history.length < 9);
  const again = await interrupted(99, saved.at(-1), patient);
  assert.deepEqual(differences(again.result.model, result.model), []);
  assert.equal(again.saved.length, 0);
});

test('every damage to a checkpoint is noticed', async () => {
  const bytes = encodeCheckpoint((await whole).saved[0]);
  const decoded = decodeCheckpoint(bytes);
  assert.deepEqual(encodeCheckpoint(decoded), bytes);
  const damages: [string, Uint8Array][] = [
    ['empty', new Uint8Array(0)],
    ['other file', new TextEncoder().encode('{"epoch": 1}')],
    ['cut off in its first line', bytes.slice(0, 10)],
    ['cut off in its header', bytes.slice(0, 200)],
    ['cut off by one byte', bytes.slice(0, -1)],
    ['longer by one byte', Uint8Array.of(...bytes, 0)],
  ];
  for (let at = 0; at < bytes.length; at += 97) {
    const flipped = bytes.slice();
    flipped[at] ^= 4;
    damages.push([`bit flipped at ${at}`, flipped]);
  }
  for (const [name, damaged] of damages) assert.throws(() => decodeCheckpoint(damaged), FormatError, name);
});

test('a damaged checkpoint file counts as none', async () => {
  const store = checkpointFolder(join(folder, 'damaged'));
  await store.save('train', (await whole).saved[0]);
  const path = join(folder, 'damaged', 'train.checkpoint');
  writeFileSync(path, readFileSync(path).subarray(0, 500));
  assert.equal(await store.load('train'), undefined);
});

test('a checkpoint of another training is refused, and what differs is named', async () => {
  const [checkpoint] = (await whole).saved;
  const refused = (what: RegExp, run: Promise<unknown>) =>
    assert.rejects(run, (error) => error instanceof OptionError && what.test(error.message));
  await refused(/same learningRate/, interrupted(99, checkpoint, { learningRate: 0.5 }));
  await refused(/same epochs/, interrupted(99, checkpoint, { epochs: 7 }));
  await refused(
    /same data/,
    train({ model, task: plainTask({ ...data, train: clusters({ size: 96, seed: 5 }) }), runtime, options, resume: checkpoint }),
  );
  await refused(/same model/, train({ model: smallMlp({ hidden: 5, norm: true }), task, runtime, options, resume: checkpoint }));
});

test('callbacks may return anything: only true ends the training', async () => {
  const epochs: number[] = [];
  const short = { ...options, epochs: 2 };
  // A number that counts as true, and a promise of one.
  const { history } = await train({ model, task, runtime, options: short, onEpoch: ({ epoch }) => epochs.push(epoch) });
  assert.deepEqual([epochs, history.length], [[1, 2], 2]);
  assert.equal((await train({ model, task, runtime, options: short, onEpoch: async () => 1 })).history.length, 2);
  assert.equal((await train({ model, task, runtime, options: short, onEpoch: async () => true })).history.length, 1);
});

test('onQuality is told of every epoch, those of a checkpoint first, and changes nothing of what is trained', async () => {
  const rarely: TrainOptions = { ...options, evaluateEvery: 4, patience: 2 };
  const saved: Checkpoint[] = [];
  const plain = await train({ model, task, runtime, options: rarely, onCheckpoint: (checkpoint) => saved.push(checkpoint) });
  const told: number[] = [];
  const kept: Checkpoint[] = [];
  const stop = new Error('no longer wanted');
  const onQuality = async (quality: number) => {
    told.push(quality);
    if (told.length === 3) throw stop;
  };
  const onCheckpoint = (checkpoint: Checkpoint) => kept.push(checkpoint);
  await assert.rejects(train({ model, task, runtime, options: rarely, onQuality, onCheckpoint }), stop);
  assert.equal(kept.length, 3);
  const again: number[] = [];
  const resumed = await train({
    model,
    task,
    runtime,
    options: rarely,
    resume: decodeCheckpoint(encodeCheckpoint(kept[2])),
    onQuality: async (quality) => {
      again.push(quality);
    },
  });
  assert.deepEqual(again.slice(0, 3), told);
  assert.equal(again.length, 6);
  assert.deepEqual(differences(resumed.model, plain.model), []);
  assert.deepEqual(
    resumed.history.map(({ quality: _, ...record }) => record),
    plain.history.map(({ quality: _, ...record }) => record),
  );
});
