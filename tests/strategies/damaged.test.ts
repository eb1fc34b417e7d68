import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openWorkspace } from 'espalier/strategies/node';
import { essence, smallRun, trainStart } from './small-run.js';

test('a flipped bit in a finished model is noticed on resume, and the model is made again', { timeout: 600_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-damaged-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const start = await trainStart(folder);
  const request = { folder: join(folder, 'run'), strategy: 'shrink-and-improve', trials: 2, jobs: 1, epochs: 1 } as const;
  const first = await smallRun(request, start);
  assert.ok(first.models.length > 0);

  const files = ['original', ...first.models.map(({ id }) => id)].map((id) => join(request.folder, 'models', `${id}.onnx`));
  const before = files.map((file) => readFileSync(file));
  for (const [index, file] of files.entries()) {
    const damaged = Buffer.from(before[index]);
    // Late in the file lie weights: the graph still reads well.
    damaged[Math.floor(damaged.length * 0.7)] ^= 4;
    writeFileSync(file, damaged);
  }
  const said: string[] = [];
  const workspace = await openWorkspace(request.folder, { onMessage: ({ text }) => said.push(text) });
  assert.equal(await workspace.load('original'), undefined);
  assert.match(said.join('\n'), /models\/original\.onnx was changed or damaged after it was written: it is not used/);
  await workspace.close();

  const resumed = await smallRun(request, start);
  assert.deepEqual(JSON.parse(JSON.stringify(essence(resumed))), JSON.parse(JSON.stringify(essence(first))));
  files.forEach((file, index) => {
    assert.ok(readFileSync(file).equals(before[index]), `${file} is not what it was`);
  });
});
