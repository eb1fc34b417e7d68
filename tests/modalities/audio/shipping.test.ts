import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { loadModel } from '#dist/onnx/node/index.js';
import { tone, wavOf, writeFiles } from './sounds.js';

const root = mkdtempSync(join(tmpdir(), 'espalier-shipping-'));
after(() => rmSync(root, { recursive: true, force: true }));

function espalier(...given: string[]) {
  const env = { ...process.env, ESPALIER_CACHE: join(root, 'cache') };
  const command = ['bin/espalier.js', ...given, '--data', join(root, 'tones'), '--label', '{label}_*', '--json', '--quiet'];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8', env }));
}

it('from files to a model that takes sounds, which scores them as the one of features does', () => {
  const kinds = ['rise', 'fall', 'flat'] as const;
  const files = kinds.flatMap((kind) =>
    Array.from({ length: 20 }, (_, i) => [`${kind}_${i}.wav`, wavOf(tone(kind, 0.3, 8000, i), 8000)] as const),
  );
  writeFiles(join(root, 'tones'), Object.fromEntries(files));
  const at = (name: string) => join(root, name);
  const arch = ['--arch', 'ds-cnn', '--width', '0.12', '--epochs', '8', '--batch-size', '8', '--lr', '0.01'];
  const trained = espalier('train', ...arch, '--out', at('float.onnx'));
  assert.deepEqual(trained.preprocess[0].preprocess.prepare.kind, 'log-mel');
  espalier('quantize', at('float.onnx'), '-o', at('int8.onnx'));
  const shipped = espalier('apply', 'front-end', at('int8.onnx'), '-o', at('shipped.onnx'));
  assert.equal(shipped.quality.after.value, shipped.quality.before.value);
  assert.equal(shipped.quality.after.agreement.value, 1);
  const { feeds } = loadModel(at('shipped.onnx')).graph;
  assert.deepEqual([feeds.length, feeds[0].name, feeds[0].shape?.[1]], [1, 'sound', 2400]);
  const judged = espalier('eval', at('shipped.onnx'));
  assert.equal(judged.value, shipped.quality.after.value);
  assert.deepEqual(judged.preprocess[0].preprocess.prepare, { kind: 'sound', sampleRate: 8000, samples: 2400 });
  const student = espalier(
    'distill',
    '--teacher',
    at('float.onnx'),
    '--arch',
    'ds-cnn',
    '--width',
    '0.1',
    '--epochs',
    '1',
    '-o',
    at('student.onnx'),
  );
  assert.ok(student.test.value >= 0 && loadModel(at('student.onnx')).graph.feeds[0].shape?.length === 4);
});
