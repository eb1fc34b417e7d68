// Writes a small data set of sounds: tones that rise, fall or stay, with other pitches, levels and noise in each file.
//
//   node examples/tones.mjs tones/ [files of each class]
//
// Files are called class_number.wav: 0.4 s of 16-bit PCM at 8 kHz.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from 'espalier/base';

const RATE = 8000;
const SECONDS = 0.4;
/** Where in the sweep a tone is, by the share of its time that has passed. */
const CLASSES = { rise: (t) => t, fall: (t) => 1 - t, flat: () => 0.5 };

const [folder = 'tones', count = '40'] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const random = new Random(0);
for (const [name, place] of Object.entries(CLASSES))
  for (let i = 0; i < Number(count); i++) writeFileSync(join(folder, `${name}_${i}.wav`), wav(tone(place)));
console.log(`Wrote ${3 * Number(count)} files to ${folder}`);

function tone(place) {
  const [low, high, level] = [random.uniform(300, 500), random.uniform(1200, 1600), random.uniform(0.1, 0.8)];
  const length = Math.round(SECONDS * RATE);
  let phase = 0;
  return Float32Array.from({ length }, (_, i) => {
    phase += (2 * Math.PI * (low + (high - low) * place(i / length))) / RATE;
    return level * (Math.sin(phase) + 0.05 * random.normal());
  });
}

/** A WAVE file of one channel. */
function wav(samples) {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write('RIFF');
  file.writeUInt32LE(36 + 2 * samples.length, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(RATE, 24);
  file.writeUInt32LE(2 * RATE, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(2 * samples.length, 40);
  for (const [i, value] of samples.entries()) file.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, value))), 44 + 2 * i);
  return file;
}
