import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { encodeModel, type Model } from 'espalier/onnx';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { techniques } from 'espalier/strategies';
import { applyTechnique, checkOptions, exampleOf, needs, optionsOf } from 'espalier/technique';
import type { Task } from 'espalier/training';
import { espalier } from '../cli/run.js';
import { root } from '../support/paths.js';

const runtime = createNodeRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'espalier-techniques-'));
let model: Model;
let task: Task;

before(async () => {
  model = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.25 });
  await saveModel(model, join(folder, 'model.onnx'));
  ({ task } = await createTask(model, await openDataset('digits'), runtime, { preprocess: '0-1', untrained: true }));
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await runtime.dispose();
});

test('docs/techniques.md is what the techniques say of themselves', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'techniques-page.mjs'), '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('every technique says what there is to say: a source, a summary, every option with a description', () => {
  for (const technique of techniques.all()) {
    assert.match(technique.source, /\d{4}|Not published/, technique.name);
    assert.match(technique.summary, /^[A-Z].*\.$/, technique.name);
    for (const { name, description } of optionsOf(technique)) assert.notEqual(description, '', `${technique.name} ${name}`);
  }
});

/** What these take, digits are not: a network with its own standardization, and one of features of sounds. Their own tests apply them. */
const OTHER_DATA = ['standardize', 'front-end'];

for (const technique of techniques.all()) {
  const { name, example = {} } = technique;
  test(`the example of ${name} works: as a call, and where it needs no data as the command that is printed`, {
    skip: OTHER_DATA.includes(name) && 'it takes other data',
  }, async () => {
    const short = optionsOf(technique).some((option) => option.name === 'epochs') ? { epochs: 1 } : {};
    const { model: made } = await applyTechnique(technique, { model, task, runtime, seed: 1, threads: 1 }, { ...example, ...short });
    assert.ok(encodeModel(made).byteLength > 0);
    if (needs(technique, 'data', checkOptions(technique, example))) return;
    const { code, stderr } = await espalier(exampleOf(technique).split(' ').slice(1), { cwd: folder });
    assert.equal(code, 0, stderr);
    loadModel(join(folder, 'new.onnx'));
  });
}
