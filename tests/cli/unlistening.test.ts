import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { declared, node } from '../support/fuzz/bombs.js';
import { model } from '../support/wire.js';
import { espalier, type Ran } from './run.js';

const relu = () => model(declared(11, 'x', ['n', 4]), node('Relu', ['x'], ['y']), declared(12, 'y', ['n', 4]));

test('--max-unpacked: what the message advises works', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-unpacked-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'm.onnx'), relu());
  // Ten thousand equal rows pack to a hundredth; a small allowance refuses them.
  writeFileSync(join(folder, 'rows.csv.gz'), gzipSync(`a,b,c,d,label\n${'1,2,3,4,x\n5,6,7,8,y\n'.repeat(5000)}`));
  const command = (size: string) => [
    'eval',
    'm.onnx',
    '--data',
    'rows.csv.gz',
    '--fidelity',
    '--preprocess',
    'raw',
    '--max-unpacked',
    size,
  ];
  const refused = await espalier(command('10KB'), { cwd: folder });
  assert.match(refused.stderr, /unpacks to more than 10000 bytes.*--max-unpacked SIZE/);
  assert.equal(refused.code, 1);
  const allowed = await espalier(command('1MB'), { cwd: folder });
  assert.equal(allowed.code, 0, allowed.stderr);
});

test('a signal ends at once what has nothing to keep, however busy it is', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-busy-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // The whole of inspect is one piece of synchronous work, of many seconds with so many nodes. Where it ends before it is told to, there is more to do the next time.
  let ran: Ran;
  let count = 150_000;
  do {
    count *= 2;
    const nodes = Array.from({ length: count }, (_, i) => node('Relu', ['x'], [`v${i}`]));
    writeFileSync(join(folder, 'long.onnx'), model(declared(11, 'x', [1]), Buffer.concat(nodes), declared(12, 'v0', [1])));
    ran = await espalier(['inspect', 'long.onnx'], {
      cwd: folder,
      during: (child) => void setTimeout(() => child.kill('SIGTERM'), 1500),
    });
  } while (ran.code === 0);
  assert.equal(ran.code, 128 + 15, ran.stderr);
  assert.equal(ran.stdout, '');
});
