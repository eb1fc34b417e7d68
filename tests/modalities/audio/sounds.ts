import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Random } from '#dist/base/index.js';

/** A WAVE file of 16-bit PCM. */
export function wavOf(samples: Float32Array, sampleRate: number): Buffer {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + 2 * samples.length, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    file.writeUInt16LE(value, at);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(2 * sampleRate, 28);
  file.write('data', 36);
  file.writeUInt32LE(2 * samples.length, 40);
  for (const [i, value] of samples.entries()) file.writeInt16LE(Math.round(Math.max(-1, Math.min(1, value)) * 32767), 44 + 2 * i);
  return file;
}

/** A tone that rises, falls or stays, with noise. */
export function tone(kind: 'rise' | 'fall' | 'flat', seconds: number, sampleRate: number, seed: number): Float32Array {
  const random = new Random(seed).fork(kind);
  const [low, high] = [random.uniform(300, 500), random.uniform(1200, 1600)];
  const length = Math.round(seconds * sampleRate);
  const level = random.uniform(0.1, 0.8);
  let phase = 0;
  return Float32Array.from({ length }, (_, i) => {
    const share = kind === 'rise' ? i / length : kind === 'fall' ? 1 - i / length : 0.5;
    phase += (2 * Math.PI * (low + (high - low) * share)) / sampleRate;
    return level * (Math.sin(phase) + 0.02 * random.normal());
  });
}

/** Writes files by their paths in a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}
