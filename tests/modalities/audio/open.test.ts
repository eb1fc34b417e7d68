import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DataError, OptionError } from '#dist/base/index.js';
import { applyPreprocess, type Batch, channelStatistics, type Dataset } from '#dist/data/index.js';
import '#dist/modalities/index.js';
import { openDataset } from '#dist/modalities/node/index.js';
import { tone, wavOf, writeFiles } from './sounds.js';
import { soundFile } from './support.js';

const root = mkdtempSync(join(tmpdir(), 'espalier-sounds-'));
after(() => rmSync(root, { recursive: true, force: true }));
const cacheDir = join(root, 'cache');
const rise = (seed: number, seconds = 0.2) => wavOf(tone('rise', seconds, 8000, seed), 8000);
const fall = (seed: number, seconds = 0.2) => wavOf(tone('fall', seconds, 8000, seed), 8000);
let folders = 0;

function folderOf(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = join(root, `data-${folders++}`);
  writeFiles(folder, files);
  return folder;
}

function labelsOf({ targets }: Dataset): string[] {
  assert.equal(targets?.kind, 'class');
  return targets?.kind === 'class' ? Array.from(targets.values, (value) => targets.classes[value]) : [];
}

async function allOf(dataset: Dataset): Promise<Float32Array> {
  const { inputs } = await dataset.read(Int32Array.from({ length: dataset.size }, (_, i) => i));
  return inputs.sound.data as Float32Array;
}

describe('sounds in class folders', () => {
  const files = { 'up/a.wav': rise(1), 'up/b.wav': rise(2, 0.3), 'down/a.wav': fall(1), 'down/b.wav': fall(2, 0.1) };
  it('are padded to the longest, and say how far they go', async () => {
    const source = await openDataset(folderOf(files), { cacheDir });
    const [input] = source.train.inputs;
    assert.deepEqual([input.kind, input.shape, input.sampleRate], ['audio', [2400], 8000]);
    assert.deepEqual(labelsOf(source.train), ['down', 'down', 'up', 'up']);
    const { inputs } = await source.train.read(Int32Array.of(3, 1));
    assert.deepEqual(inputs.sound.lengths, Int32Array.of(2400, 800));
    const data = inputs.sound.data as Float32Array;
    assert.ok(data.subarray(2400 + 800).every((value) => value === 0));
    assert.ok(Math.abs(data[100] - tone('rise', 0.3, 8000, 2)[100]) < 1e-4);
  });

  it('have the length and rate asked for, also from the cache and from disk', async () => {
    const folder = folderOf(files);
    const messages: string[] = [];
    const activity = { onMessage: ({ text }: { text: string }) => void messages.push(text) };
    const first = await openDataset(folder, { cacheDir, seconds: 0.15, sampleRate: 16000 }, activity);
    assert.deepEqual([first.train.inputs[0].shape, first.train.inputs[0].sampleRate], [[2400], 16000]);
    assert.ok(messages.some((text) => /3 sound\(s\) are longer than 0.15 s/.test(text)) && messages.some((text) => /16000 Hz/.test(text)));
    const again = await openDataset(folder, { cacheDir, seconds: 0.15, sampleRate: 16000, memoryLimit: 0 });
    assert.deepEqual(await allOf(again.train), await allOf(first.train));
    assert.equal(again.train.fingerprint, first.train.fingerprint);
    await again.close();
  });

  it('may be ragged: a batch is as long as its own longest, and gives the same features', async () => {
    const folder = folderOf(files);
    const [even, ragged] = [await openDataset(folder, { cacheDir }), await openDataset(folder, { cacheDir, ragged: true })];
    assert.deepEqual([ragged.train.inputs[0].shape, ragged.train.inputs[0].ragged], [[2400], true]);
    const prepare = { kind: 'log-mel', sampleRate: 8000, samples: 2400, nFft: 256, hop: 160, nMels: 20 };
    const chosen = Int32Array.of(0, 1);
    const [a, b] = [await even.train.read(chosen), await ragged.train.read(chosen)];
    assert.deepEqual([b.inputs.sound.shape, b.inputs.sound.lengths], [[2, 1600], Int32Array.of(1600, 800)]);
    const features = (batch: Batch) => applyPreprocess(batch.inputs.sound, { prepare, layout: 'as-is' }).data;
    assert.deepEqual(features(b), features(a));
    assert.notEqual(ragged.train.fingerprint, even.train.fingerprint);
  });

  it('have statistics of their features', async () => {
    const { train } = await openDataset(folderOf(files), { cacheDir });
    const prepare = { kind: 'log-mel', sampleRate: 8000, samples: 2400, nFft: 256, hop: 160, nMels: 20 };
    const { mean, std } = await channelStatistics(train, { prepare });
    const { data } = applyPreprocess((await train.read(Int32Array.of(0, 1, 2, 3))).inputs.sound, { prepare, layout: 'as-is' });
    const third = Array.from(data as Float32Array).filter((_, i) => i % 20 === 3);
    const expected = third.reduce((sum, value) => sum + value, 0) / third.length;
    assert.ok(Math.abs(mean[3] - expected) < 1e-5 && mean.length === 20);
    const variance = third.reduce((sum, value) => sum + (value - expected) ** 2, 0) / third.length;
    assert.ok(Math.abs(std[3] - Math.sqrt(variance)) < 1e-5);
  });

  it('have parts, and come from archives as from folders', async () => {
    const folder = folderOf({
      'train/up/a.wav': rise(1),
      'train/down/a.wav': fall(1),
      'test/up/b.wav': rise(3),
      'test/down/b.wav': fall(3),
    });
    const tar = join(root, 'parts.tar');
    assert.equal(spawnSync('tar', ['cf', tar, '-C', folder, '.']).status, 0);
    const [a, b] = [await openDataset(folder, { cacheDir }), await openDataset(tar, { cacheDir })];
    assert.equal(a.test?.size, 2);
    assert.deepEqual(await allOf(b.train), await allOf(a.train));
    assert.deepEqual(labelsOf(b.test as Dataset), ['down', 'up']);
  });

  it('may be FLAC, in other rates and channels, and damaged ones are left out with a warning', async () => {
    const messages: string[] = [];
    const folder = folderOf({
      'a/flac.flac': soundFile('flac16.flac'),
      'a/stereo.wav': soundFile('pcm16-stereo.wav'),
      'b/cut.wav': soundFile('truncated.wav'),
      'b/whole.wav': rise(4),
      'b/broken.wav': 'RIFF????WAVE no sound',
    });
    const source = await openDataset(folder, { cacheDir, maxUnreadable: 0.3 }, { onMessage: ({ text }) => void messages.push(text) });
    assert.equal(source.train.size, 4);
    assert.equal(source.train.inputs[0].sampleRate, 8000);
    assert.ok(
      messages.some((text) => /1 sound\(s\) could not be read.*b\/broken\.wav/.test(text)),
      messages.join('\n'),
    );
    assert.ok(messages.some((text) => /1 file\(s\) end before.*b\/cut\.wav/.test(text)));
    await assert.rejects(openDataset(folder, { cacheDir }), DataError);
  });
});

describe('sounds whose names say what they are', () => {
  const files = { '0_ann_0.wav': rise(1), '0_bob_12.wav': rise(2), '11_ann_0.wav': fall(1), '11_bob_1.wav': fall(2) };
  it('take their class from a pattern', async () => {
    const folder = folderOf(files);
    const at = async (label: string) => labelsOf((await openDataset(folder, { cacheDir, label })).train);
    assert.deepEqual(await at('{label}_*'), ['0', '0', '11', '11']);
    assert.deepEqual(await at('*_{label}_*'), ['ann', 'bob', 'ann', 'bob']);
    assert.deepEqual(await at('*_{label}'), ['ann_0', 'bob_12', 'ann_0', 'bob_1']);
    await assert.rejects(openDataset(folder, { cacheDir, label: '{label}_{label}' }), OptionError);
    await assert.rejects(openDataset(folder, { cacheDir, label: '{label}-*' }), DataError);
  });

  it('or from a table beside them', async () => {
    const folder = folderOf({
      ...files,
      'metadata.csv': 'file_name,label\n0_ann_0.wav,x\n0_bob_12.wav,y\n11_ann_0.wav,x\n11_bob_1.wav,y\n',
    });
    assert.deepEqual(labelsOf((await openDataset(folder, { cacheDir })).train), ['x', 'y', 'x', 'y']);
  });
});
