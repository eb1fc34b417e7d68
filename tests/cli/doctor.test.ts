import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeApp } from '../support/app.js';
import { root } from '../support/paths.js';
import { espalier } from './run.js';

interface Check {
  name: string;
  status: string;
  found: string;
  fix?: string;
  facts?: Record<string, unknown>;
}

const byName = (checks: readonly Check[]) => new Map(checks.map((check) => [check.name, check]));
const installed = (name: string) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version as string;

test('doctor: every part is tried, as JSON', async () => {
  const { code, stdout, stderr } = await espalier(['doctor', '--json']);
  assert.equal(code, 0, stderr);
  const { schema, ok, checks } = JSON.parse(stdout) as { schema: string; ok: boolean; checks: Check[] };
  assert.equal(schema, 'espalier/doctor@1');
  assert.equal(ok, true);
  const found = byName(checks);
  for (const [name, version] of [
    ['onnxruntime-node, cpu', installed('onnxruntime-node')],
    ['onnxruntime-web, wasm', installed('onnxruntime-web')],
    ['sharp', installed('sharp')],
    ['Node', process.versions.node],
  ]) {
    assert.equal(found.get(name)?.status, 'ok', name);
    assert.equal(found.get(name)?.facts?.version, version, name);
  }
  assert.equal(found.get('cores')?.facts?.threads, availableParallelism());
  for (const name of ['onnxruntime-node, webgpu', 'npm', 'processor', 'memory', 'cache folder', 'temporary folder'])
    assert.ok(found.has(name), name);
  for (const { name, status, fix } of checks)
    assert.equal(status === 'ok', fix === undefined, `${name}: what to do is said where it is not ok`);
});

test('doctor: as text', async () => {
  const { code, stdout } = await espalier(['doctor']);
  assert.equal(code, 0);
  assert.match(stdout, /^ {2}ok +onnxruntime-node, cpu +[\d.]+: runs models$/m);
  assert.match(stdout, /^Machine$[\s\S]*^ {2}\w+ +memory +[\d.]+ [GM]B free of/m);
  assert.match(stdout, /All that is needed works\.\n$/);
});

test('doctor: what is needed and missing is broken, with what to do, and the exit code is 1; what is optional is not', () => {
  const app = makeApp(['onnxruntime-node', 'onnxruntime-web']);
  try {
    const program = join(app.folder, 'node_modules', 'espalier', 'bin', 'espalier.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'doctor', '--json'], { encoding: 'utf8' });
    assert.equal(status, 1);
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
    assert.equal(ok, false);
    const cpu = byName(checks).get('onnxruntime-node, cpu');
    assert.deepEqual([cpu?.status, cpu?.found], ['broken', 'not installed']);
    assert.match(cpu?.fix ?? '', /npm install --ignore-scripts espalier/);
    assert.equal(byName(checks).get('onnxruntime-web, wasm')?.status, 'absent');
    assert.match(stderr, /does not work: onnxruntime-node, cpu/);
  } finally {
    app.remove();
  }
});
