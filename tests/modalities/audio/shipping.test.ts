import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { DataError } from '#dist/base/index.js';
import { createNodeRuntime } from '#dist/infrastructure/runtime/node/index.js';
import { decodeWav } from '#dist/modalities/audio/formats/index.js';
import { predictor } from '#dist/modalities/index.js';
import { loadModel } from '#dist/onnx/node/index.js';

const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'espalier-shipping-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command line of a page in the folder, as whoever reads it would. */
function run(line: string): string {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
  const [file, given] = words[0] === 'npx' ? [join(root, 'bin', 'espalier.js'), words.slice(2)] : [join(root, words[1]), words.slice(2)];
  const env = { ...process.env, ESPALIER_CACHE: join(folder, 'cache') };
  return execFileSync(process.execPath, [file, ...given], { encoding: 'utf8', env, cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
}

it('the commands of docs/audio.md lead from files to a model that takes sounds and answers as the one of features does', async () => {
  const page = readFileSync(join(root, 'docs', 'audio.md'), 'utf8');
  const commands = (/## From files[\s\S]*?```\n([\s\S]*?)```/.exec(page)?.[1] ?? '').trim().split('\n');
  assert.equal(commands.length, 6);
  const printed = commands.map(run);
  assert.match(printed[0], /Wrote 120 files/);
  const accuracy = Number(/test accuracy: ([\d.]+)%/.exec(printed[1])?.[1]);
  assert.ok(accuracy >= 90, printed[1]);
  assert.match(printed[4], /same answers +-> +100\.00%/);
  const [sound, ...more] = loadModel(join(folder, 'shipped.onnx')).graph.feeds;
  assert.deepEqual([sound.name, sound.shape?.[1], more.length], ['sound', 3200, 0]);
  const data = '--data tones/ --label "{label}_*" --json --quiet';
  const judged = JSON.parse(run(`npx espalier eval shipped.onnx ${data}`));
  assert.deepEqual(judged.preprocess[0].preprocess.prepare, { kind: 'sound', sampleRate: 8000, samples: 3200 });
  assert.equal(judged.value, JSON.parse(run(`npx espalier eval small.onnx ${data}`)).value);
  const runtime = createNodeRuntime({ threads: 1 });
  const model = loadModel(join(folder, 'shipped.onnx'));
  const { predict, parts, dispose } = await predictor(model, runtime);
  assert.deepEqual(parts, ['fall', 'flat', 'rise']);
  const file = new Uint8Array(readFileSync(join(folder, 'tones', 'rise_0.wav')));
  const { answers } = await predict(file);
  const { samples, sampleRate } = decodeWav(file, 'rise_0.wav');
  assert.deepEqual(await predict({ samples, sampleRate }), { answers });
  assert.equal(answers[0].name, 'rise');
  await assert.rejects(predict('no sound'), DataError);
  await dispose();
  await runtime.dispose();
  const taught = JSON.parse(run(`npx espalier distill --teacher float.onnx --arch ds-cnn --width 0.1 --epochs 1 -o student.onnx ${data}`));
  assert.equal(taught.teacher.value, accuracy / 100);
  assert.equal(loadModel(join(folder, 'student.onnx')).graph.feeds[0].shape?.length, 4);
});
