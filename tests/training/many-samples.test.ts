import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { root } from '../support/paths.js';
import type { Counted } from './many-samples.js';

const program = join(root, 'build', 'tests', 'training', 'many-samples.js');

/** Evaluates in a process with so many MB for objects. */
async function evaluated(heap: number, ...options: (string | number)[]): Promise<Counted> {
  const { stdout } = await promisify(execFile)(process.execPath, [`--max-old-space-size=${heap}`, program, ...options.map(String)]);
  return JSON.parse(stdout);
}

// Answers must be kept as numbers in arrays, and judged so: an object for each of them does not fit.
for (const [kind, count, metric, size, heap] of [
  ['classes', 10, 'accuracy', 1_000_000, 64],
  ['classes', 2, 'accuracy', 300_000, 24],
  ['labels', 2, 'exactMatch', 300_000, 24],
  ['tokens', 3, 'tokenAccuracy', 300_000, 24],
] as const)
  test(`${size} samples are evaluated in a heap of ${heap} MB, to the sample: ${count} ${kind}`, async () => {
    const found = await evaluated(heap, kind, count, size);
    assert.deepEqual([found.metric, found.samples], [metric, size]);
    assert.equal(found.value, found.expected);
    assert.ok(found.value > 0.05 && found.value < 0.95, `${found.value}`);
  });
