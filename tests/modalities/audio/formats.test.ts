import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FormatError, UnsupportedError } from '#dist/base/index.js';
import { decodeFlac, decodeSound, decodeWav, mixDown } from '#dist/modalities/audio/formats/index.js';
import { resampler } from '#dist/modalities/audio/resample.js';
import { fixture, floats, integers, relativeError, soundFile } from './support.js';

const { wav, flac } = fixture('sounds.json');

describe('WAVE files', () => {
  for (const { file, why, sampleRate, channels, samples } of wav)
    it(`${file} as libsndfile reads it${why ? ` (${why})` : ''}`, () => {
      const sound = decodeWav(soundFile(file), file);
      assert.deepEqual([sound.sampleRate, sound.channels, sound.isCut], [sampleRate, channels, file === 'truncated.wav']);
      assert.deepEqual(sound.samples, floats(samples));
    });

  it('refuses what is damaged before the samples, and other encodings', () => {
    const whole = soundFile('pcm16.wav');
    const damaged = { file: 'x.wav', at: (length: number) => () => decodeWav(whole.slice(0, length), 'x.wav') };
    assert.throws(damaged.at(10), FormatError);
    assert.throws(damaged.at(20), (error: Error) => error instanceof FormatError && /x\.wav/.test(error.message));
    assert.throws(damaged.at(40), FormatError);
    const other = whole.slice();
    other[20] = 2;
    assert.throws(() => decodeWav(other, 'x.wav'), UnsupportedError);
    const impossible = whole.slice();
    impossible.set([0, 0], 22);
    assert.throws(() => decodeWav(impossible, 'x.wav'), FormatError);
    assert.throws(() => decodeSound(new TextEncoder().encode('ID3 no sound at all'), 'x.mp3'), UnsupportedError);
  });

  it('mixes channels down to their mean', () => {
    const sound = decodeWav(soundFile('pcm16-stereo.wav'), 'pcm16-stereo.wav');
    const mono = mixDown(sound);
    assert.equal(mono.length, sound.samples.length / 2);
    assert.equal(mono[100], Math.fround((sound.samples[200] + sound.samples[201]) / 2));
  });
});

describe('FLAC files', () => {
  for (const { file, why, sampleRate, channels, bits, integers: expected } of flac)
    it(`${file}: the very integers that libsndfile reads (${why})`, () => {
      const sound = decodeFlac(soundFile(file), file);
      assert.deepEqual([sound.sampleRate, sound.channels, sound.isCut], [sampleRate, channels, false]);
      assert.deepEqual(
        Int32Array.from(sound.samples, (sample) => sample * 2 ** (bits - 1)),
        integers(expected),
      );
    });

  it('passes over no flipped bit: it is an error, or looks like a file that is cut', () => {
    const whole = soundFile('flac16-stereo.flac');
    const start = 42;
    let refused = 0;
    for (let at = start; at < whole.length; at += 97) {
      const bad = whole.slice();
      bad[at] ^= 1 << (at % 8);
      try {
        const { isCut, samples } = decodeFlac(bad, 'bad.flac');
        // What stands before the first frame is no sound.
        if (!isCut) assert.deepEqual(samples, decodeFlac(whole, 'whole.flac').samples);
      } catch (error) {
        assert.ok(error instanceof FormatError && /bad\.flac/.test(error.message));
        refused++;
      }
    }
    assert.ok(refused > 10, String(refused));
  });

  it('keeps the whole frames of a file that is cut', () => {
    const whole = soundFile('flac16.flac');
    const cut = decodeFlac(whole.slice(0, -10), 'cut.flac');
    const full = decodeFlac(whole, 'full.flac').samples;
    assert.equal(cut.isCut, true);
    assert.ok(cut.samples.length > 0 && cut.samples.length < full.length);
    assert.deepEqual(cut.samples, full.slice(0, cut.samples.length));
  });
});

describe('resampling', () => {
  for (const { from, to, signal, values, deviation } of fixture('features.json').resample)
    it(`from ${from} to ${to} Hz as torchaudio`, () => {
      const expected = floats(values);
      const actual = resampler(from, to).run(floats(signal));
      assert.equal(actual.length, expected.length);
      assert.ok(relativeError(actual, expected) < Math.max(1e-6, 2 * deviation), `${relativeError(actual, expected)}`);
    });
});
