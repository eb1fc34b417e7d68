import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OptionError } from '#dist/base/index.js';
import { melFilters } from '#dist/modalities/audio/features/filters.js';
import { fourier } from '#dist/modalities/audio/features/fourier.js';
import { extractor } from '#dist/modalities/audio/features/host.js';
import { completeFrontEnd, type FrontEnd, frameCount, frameWidth } from '#dist/modalities/audio/features/spec.js';
import { spectrograph } from '#dist/modalities/audio/features/spectrum.js';
import { fixture, floats, frontEndOf, relativeError, transposed } from './support.js';

const { signals, spectrograms, filters, mel, mfcc } = fixture('features.json');

describe('Fourier transforms', () => {
  for (const points of [1, 2, 8, 60, 100, 401])
    it(`of ${points} points as their definition`, () => {
      const re = Float64Array.from({ length: points }, (_, i) => Math.sin(i * i + 1));
      const im = Float64Array.from({ length: points }, (_, i) => Math.cos(3 * i));
      const sums = Array.from({ length: points }, (_, k) => {
        let [x, y] = [0, 0];
        for (let n = 0; n < points; n++) {
          const angle = (-2 * Math.PI * ((k * n) % points)) / points;
          x += re[n] * Math.cos(angle) - im[n] * Math.sin(angle);
          y += re[n] * Math.sin(angle) + im[n] * Math.cos(angle);
        }
        return [x, y];
      });
      fourier(points)(re, im);
      const expected = sums.flat();
      assert.ok(
        relativeError(
          Array.from(re).flatMap((x, k) => [x, im[k]]),
          expected,
        ) < 1e-12,
      );
    });
});

describe('spectrograms and filters as torchaudio', () => {
  for (const { signal, options, shape, values, deviation } of spectrograms)
    it(`spectrogram ${JSON.stringify(options)}`, () => {
      const [bins, frames] = shape;
      const found = new Float64Array(bins * frames);
      const sound = floats(signals[signal].values);
      spectrograph({ winLength: options.nFft, ...options })(sound, frames, (spectrum, frame) => found.set(spectrum, frame * bins));
      assert.ok(relativeError(found, transposed(floats(values), bins, frames)) < Math.max(2e-6, 2 * deviation));
    });

  for (const { options, shape, values } of filters)
    it(`filters ${JSON.stringify(options)}`, () => {
      const found = melFilters({ ...options, norm: options.norm ?? 'none', fMin: 0, fMax: options.sampleRate / 2 });
      assert.ok(relativeError(found, transposed(floats(values), shape[0], shape[1])) < 2e-5);
    });
});

function featuresOf(spec: FrontEnd, sound: Float32Array): Float32Array {
  const full = completeFrontEnd(spec);
  const out = new Float32Array(frameCount(full) * frameWidth(full));
  extractor(spec)(sound, out);
  return out;
}

describe('log-mel as torchaudio, to 1e-4 of its range', () => {
  for (const { signal, options, shape, values, log, decibels, decibels80 } of mel) {
    const sound = floats(signals[signal].values);
    const spec = frontEndOf(signals[signal].sampleRate, sound.length, options);
    it(`${signal} ${JSON.stringify(options)}`, () => {
      const power = featuresOf(spec, sound).map((value) => Math.exp(value) - 1e-6);
      const expected = transposed(floats(values), shape[0], shape[1]);
      assert.equal(power.length, expected.length);
      assert.ok(relativeError(power, expected) < 1e-5, String(relativeError(power, expected)));
    });
    if (log)
      it(`${signal} ${JSON.stringify(options)}: logarithms`, () => {
        const power = transposed(floats(values), shape[0], shape[1]);
        const loudest = Math.max(...power);
        const ways = [
          [{}, log],
          [{ logarithm: 'decibels' }, decibels],
          [{ logarithm: 'decibels', topDb: 80 }, decibels80],
        ] as const;
        for (const [more, text] of ways) {
          const found = featuresOf({ ...spec, ...more } as FrontEnd, sound);
          const expected = transposed(floats(text), shape[0], shape[1]);
          // torchaudio's float32 leaves noise of a ten-millionth of the loudest frequency where the sound has next to nothing.
          const audible = (_: number, i: number) => power[i] > 1e-6 * loudest;
          const error = relativeError(found.filter(audible), expected.filter(audible));
          assert.ok(error < 1e-4, `${JSON.stringify(more)} ${error}`);
        }
      });
  }
});

describe('MFCC as torchaudio, to 1e-4 of their range', () => {
  for (const { signal, options, shape, values } of mfcc)
    it(`${signal} ${JSON.stringify(options)}`, () => {
      const sound = floats(signals[signal].values);
      const found = featuresOf(frontEndOf(signals[signal].sampleRate, sound.length, options), sound);
      assert.ok(relativeError(found, transposed(floats(values), shape[0], shape[1])) < 1e-4);
    });
});

it('says which option of a front end cannot be used', () => {
  const good = frontEndOf(8000, 8000, { nFft: 256, hop: 80, nMels: 40 });
  const wrong = { nFft: 1, winLength: 300, hop: 0.5, nMels: 0, fMin: 5000, fMax: 5000, samples: 10, melScale: 'bark', power: 3, topDb: 80 };
  for (const [option, value] of Object.entries(wrong))
    assert.throws(
      () => completeFrontEnd({ ...good, [option]: value } as FrontEnd),
      (error: Error) => error instanceof OptionError && error.message.includes(`"${option}"`),
    );
});
