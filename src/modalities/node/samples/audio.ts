import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../../base/index.js';
import { makeFolder } from '../../../base/node/index.js';
import type { SampleData } from './sample-data.js';

const RATE = 8000;
const SECONDS = 0.5;
const EACH = 60;

/** What a sound's frequency does in the course of it, from 0 to 1, in Hz. */
const SOUNDS: Readonly<Record<string, (time: number) => number>> = {
  rising: (time) => 300 + 900 * time,
  falling: (time) => 1200 - 900 * time,
  steady: () => 700,
  warbling: (time) => 700 + 200 * Math.sin(40 * time),
};

/** Tones in noise as WAVE files in class folders. */
export const audioSample: SampleData = {
  name: 'audio',
  summary: '240 half-second tones in noise, 8 kHz WAVE files in class folders: rising, falling, steady, warbling (made up)',
  async write(folder) {
    for (const [name, frequency] of Object.entries(SOUNDS)) {
      makeFolder(join(folder, name));
      for (let i = 0; i < EACH; i++)
        await writeFile(join(folder, name, `${String(i).padStart(2, '0')}.wav`), wave(tone(frequency, new Random(`${name} ${i}`))));
    }
  },
};

function tone(frequency: (time: number) => number, random: Random): Float32Array {
  const length = RATE * SECONDS;
  const [shift, start, stretch] = [random.uniform(0.8, 1.25), random.uniform(0, 0.3), random.uniform(0.5, 0.7)];
  let phase = random.uniform(0, 2 * Math.PI);
  return Float32Array.from({ length }, (_, i) => {
    const time = (i / length - start) / stretch;
    phase += (2 * Math.PI * shift * frequency(Math.min(1, Math.max(0, time)))) / RATE;
    const loudness = time < 0 || time > 1 ? 0 : Math.sin(Math.PI * time);
    return 0.4 * loudness * Math.sin(phase) + 0.08 * random.normal();
  });
}

/** A WAVE file of 16-bit samples, one channel. */
function wave(samples: Float32Array): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  const text = (at: number, letters: string) => bytes.set(new TextEncoder().encode(letters), at);
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => {
    view.setInt16(44 + 2 * i, Math.round(32767 * Math.max(-1, Math.min(1, sample))), true);
  });
  return bytes;
}
