import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OptionError, Random } from '#dist/base/index.js';
import { type Augmentation, addAugmentation, applyPreprocess, type Batch, type Preprocess, pipeline } from '#dist/data/index.js';
import { trainTechnique } from '#dist/learning/tuning/index.js';
import { atSpeed } from '#dist/modalities/audio/augment/sounds.js';
import { modalityOf } from '#dist/modalities/index.js';
import { checkOptions } from '#dist/technique/index.js';

const SAMPLES = 4000;
const prepare = { kind: 'log-mel', sampleRate: 8000, samples: SAMPLES, nFft: 256, hop: 160, nMels: 20 };
const preprocess: Preprocess = { prepare, layout: 'as-is', shape: [1, 26, 20], mean: [-5], std: [3] };

/** Tones that end before the samples do. */
function soundBatch(size: number): Batch {
  const data = new Float32Array(size * SAMPLES);
  for (let n = 0; n < size; n++) for (let i = 0; i < 3000; i++) data[n * SAMPLES + i] = 0.3 * Math.sin(0.05 * (n + 1) * i + 1);
  const indices = Int32Array.from({ length: size }, (_, i) => i);
  return { size, indices, inputs: { sound: { type: 'float32', shape: [size, SAMPLES], data, kind: 'audio' } } };
}

const run = (steps: Augmentation[], batch: Batch, seed = 0) => pipeline(steps)(batch, new Random(seed), 0);
const soundsOf = ({ inputs }: Batch, n: number) => (inputs.sound.data as Float32Array).subarray(n * SAMPLES, (n + 1) * SAMPLES);

describe('augmentations of sounds', () => {
  const before = soundBatch(40);

  it('shift in time, and zeros come in', () => {
    const after = run([{ name: 'time-shift', share: 0.1 }], before);
    const moves = Array.from({ length: 40 }, (_, n) => {
      const [from, to] = [soundsOf(before, n), soundsOf(after, n)];
      for (let move = -400; move <= 400; move++) {
        const isMoved = to.every((value, i) => value === (from[i - move] ?? 0));
        if (isMoved) return move;
      }
      return Number.NaN;
    });
    assert.ok(moves.every((move) => Number.isInteger(move)));
    assert.ok(Math.min(...moves) < -200 && Math.max(...moves) > 200, String(moves));
  });

  it('add noise of the level that was drawn, to some', () => {
    const after = run([{ name: 'noise', decibels: 20, spread: 0 }], before);
    const levels = Array.from({ length: 40 }, (_, n) => {
      const [from, to] = [soundsOf(before, n), soundsOf(after, n)];
      const power = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0) / values.length;
      const noise = power(to.map((value, i) => value - from[i]));
      return noise === 0 ? undefined : 10 * Math.log10(power(from.subarray(0, 3000)) / noise);
    });
    const noisy = levels.filter((level) => level !== undefined);
    assert.ok(noisy.length > 10 && noisy.length < 30);
    for (const level of noisy) assert.ok(Math.abs(level - 20) < 0.5, String(level));
  });

  it('change gain within its limits', () => {
    const after = run([{ name: 'gain', decibels: 6 }], before);
    const gains = Array.from({ length: 40 }, (_, n) => 20 * Math.log10(soundsOf(after, n)[700] / soundsOf(before, n)[700]));
    assert.ok(gains.every((gain) => Math.abs(gain) <= 6.001) && Math.max(...gains) - Math.min(...gains) > 8);
  });

  it('play a tone faster, at a higher pitch', () => {
    const from = Float32Array.from({ length: SAMPLES }, (_, i) => Math.sin(0.1 * i));
    const to = new Float32Array(SAMPLES);
    atSpeed(from, to, 1.25);
    for (let i = 2; i < SAMPLES / 1.25 - 3; i++) assert.ok(Math.abs(to[i] - Math.sin(0.125 * i)) < 2e-4);
    assert.ok(to.subarray(SAMPLES / 1.25 + 1).every((value) => value === 0));
  });

  it('blank bands of spectrograms with their mean, the same each time they are asked', () => {
    const masked = run([{ name: 'spec-augment', share: 0.3 }], before);
    const plain = applyPreprocess(before.inputs.sound, preprocess);
    const change = masked.afterwards?.[0];
    assert.ok(change);
    const once = change({ ...plain, data: plain.data.slice() }, 'sound', preprocess);
    assert.deepEqual(change({ ...plain, data: plain.data.slice() }, 'sound', preprocess).data, once.data);
    const [values, original] = [once.data as Float32Array, plain.data as Float32Array];
    let widest = 0;
    for (let n = 0; n < 40; n++) {
      const at = (frame: number, mel: number) => n * 520 + frame * 20 + mel;
      const blank = (frame: number, mel: number) => values[at(frame, mel)] !== original[at(frame, mel)];
      const rows = Array.from({ length: 26 }, (_, frame) => frame).filter((frame) =>
        Array.from({ length: 20 }, (_, m) => m).every((m) => blank(frame, m)),
      );
      const columns = Array.from({ length: 20 }, (_, m) => m).filter((m) =>
        Array.from({ length: 26 }, (_, f) => f).every((f) => blank(f, m)),
      );
      const changed = Array.from({ length: 520 }, (_, i) => i).filter((i) => blank(Math.floor(i / 20), i % 20));
      assert.ok(changed.every((i) => rows.includes(Math.floor(i / 20)) || columns.includes(i % 20)));
      assert.ok(rows.length <= 8 && columns.length <= 6);
      widest = Math.max(widest, rows.length);
    }
    assert.ok(widest >= 4);
    assert.throws(() => change(before.inputs.sound, 'sound', { layout: 'as-is' }), OptionError);
  });

  it('are refused for other data, and with options that mean nothing', () => {
    const features: Batch = { ...before, inputs: { x: { type: 'float32', shape: [40, 1], data: new Float32Array(40), kind: 'features' } } };
    for (const name of modalityOf('audio').augmentations.filter((each) => each !== 'mixup'))
      assert.throws(() => run([{ name }], features), OptionError);
    for (const step of [
      { name: 'speed', share: 1 },
      { name: 'noise', probability: 2 },
      { name: 'spec-augment', bands: 0 },
      { name: 'gain', decibels: -1 },
      { name: 'time-shift', share: 'far' },
    ])
      assert.throws(
        () => pipeline([step]),
        (error: Error) => error instanceof OptionError && error.message.includes(step.name),
      );
    assert.throws(() => pipeline([{ name: 'echo' }]), /flip, .*spec-augment/);
  });
});

it('augmentations come from a table that others add to', () => {
  const kind = { name: 'silence', options: {}, shorthand: { option: 'share' }, make: () => (batch: Batch) => ({ ...batch, size: 0 }) };
  addAugmentation(kind);
  assert.equal(run([{ name: 'silence' }], soundBatch(2)).size, 0);
  assert.throws(() => addAugmentation(kind), OptionError);
  assert.equal(checkOptions(trainTechnique, { augment: [{ name: 'silence' }] }).augment.length, 1);
  assert.throws(() => checkOptions(trainTechnique, { augment: [{ name: 'echo' }] }), /"echo".*flip, crop, cutout, mixup.*silence/);
});

it('a sound is shown with its length, its rate and its wave', () => {
  const { text, picture } = modalityOf('audio').show(
    { type: 'float32', shape: [1, 9600], data: Float32Array.from({ length: 9600 }, (_, i) => (i < 9599 ? Math.sin(i) : 1)) },
    { name: 'sound', type: 'float32', shape: [9600], kind: 'audio', sampleRate: 8000 },
  );
  assert.equal(text, '1.2 s, 8 kHz');
  assert.match(decodeURIComponent(picture ?? ''), /^data:image\/svg\+xml,<svg .*<path d="M0\.5 /);
});
