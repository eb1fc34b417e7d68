import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { EspalierError, Random } from 'espalier/base';
import { writeFileAtomic } from 'espalier/base/node';
import { loadModel } from 'espalier/onnx/node';
import { root } from '../support/paths.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-writing-'));
after(() => rmSync(folder, { recursive: true }));

/** Writes a model of `megabytes` whose weights all are `value`, in a process of its own, as often as asked. */
const writer = `
  import { Graph, GraphBuilder, Model, Tensor } from 'espalier/onnx';
  import { saveModel } from 'espalier/onnx/node';
  const [path, megabytes, times, external] = process.argv.slice(1);
  for (let value = 1; value <= Number(times); value++) {
    const graph = new Graph('weights');
    const build = new GraphBuilder(graph);
    for (let i = 0; i < Number(megabytes); i++) {
      const weight = build.parameter('w' + i, Tensor.of('float32', [262144], new Float32Array(262144).fill(value)));
      build.output(build.op('Relu', [weight]), 'y' + i);
    }
    try {
      await saveModel(new Model(graph, 17), path, external ? { externalFrom: 1024 } : {});
      process.stdout.write('.');
    } catch (error) {
      console.log(JSON.stringify({ name: error.name, message: error.message, code: error.cause?.code }));
    }
  }`;
const commandLine = (path: string, megabytes: number, times: number, external: boolean) =>
  ['--input-type=module', '-e', writer, path, String(megabytes), String(times), ...(external ? ['external'] : [])] as const;

/** The number that all weights of a whole model hold. */
function weightsOf(path: string): number {
  const found = new Set<number>();
  for (const { initializer } of loadModel(path).graph.initializers) for (const value of initializer?.numbers() ?? []) found.add(value);
  assert.equal(found.size, 1, `weights of one version only: ${[...found]}`);
  return [...found][0];
}

describe('a writer that is killed leaves a whole model, the old or the new one', () => {
  for (const external of [false, true]) {
    test(external ? 'with external data' : 'in one file', async (context) => {
      const path = join(folder, `killed${external ? '-external' : ''}.onnx`);
      const random = new Random(external ? 'external' : 'inside');
      let kills = 0;
      for (let round = 0; round < 8; round++) {
        const child = spawn(process.execPath, commandLine(path, 8, 1000, external), { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
        const gone = once(child, 'exit');
        await new Promise((resolve) => child.stdout.once('data', resolve));
        await new Promise((resolve) => setTimeout(resolve, random.uniform(0, 250)));
        child.kill('SIGKILL');
        await gone;
        kills += child.signalCode === 'SIGKILL' ? 1 : 0;
        assert.ok(weightsOf(path) >= 1);
      }
      const last = spawnSync(process.execPath, commandLine(path, 8, 1, external), { cwd: root });
      assert.equal(last.status, 0);
      assert.equal(weightsOf(path), 1);
      const left = readdirSync(folder).filter((name) => name.includes(external ? 'killed-external' : 'killed.onnx'));
      assert.equal(left.length, external ? 2 : 1, `what killed writers left is gone: ${left}`);
      context.diagnostic(`${kills} kills`);
    });
  }
});

describe('a disk that is full', () => {
  const full = (place: string, run: (path: string, external: boolean) => { stdout: Buffer | string }, code: RegExp, reason: RegExp) => {
    for (const external of [false, true]) {
      const path = join(place, `full${external ? '-external' : ''}.onnx`);
      writeFileSync(path, 'the old file');
      const { stdout } = run(path, external);
      const error = JSON.parse(String(stdout)) as { name: string; message: string; code: string };
      assert.equal(error.name, 'ResourceError');
      assert.match(error.code, code);
      assert.ok(error.message.startsWith(path) && reason.test(error.message), error.message);
      assert.equal(readFileSync(path, 'utf8'), 'the old file');
      assert.deepEqual(
        readdirSync(place).filter((name) => name.includes('.tmp') || name.includes('.data')),
        [],
        'nothing half-written is left',
      );
    }
  };

  test('by a limit on the size of files', { skip: process.platform === 'win32' ? 'no ulimit' : false }, () => {
    const place = join(folder, 'limited');
    mkdirSync(place);
    const run = (path: string, external: boolean) =>
      spawnSync('sh', ['-c', 'ulimit -f 2048; exec "$@"', 'sh', process.execPath, ...commandLine(path, 8, 1, external)], { cwd: root });
    full(place, run, /EFBIG/, /Could not write the file \(it is larger than a file may be here\)/);
  });

  test('in truth, on a disk of 2 MB', (context) => {
    const place = join(folder, 'disk');
    mkdirSync(place);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place]);
    if (mounted.status !== 0) {
      context.skip('a disk can be mounted by root only');
      return;
    }
    try {
      full(
        place,
        (path, external) => spawnSync(process.execPath, commandLine(path, 8, 1, external), { cwd: root }),
        /ENOSPC/,
        /the disk is full\)\. Free some space and run it again; nothing was half-written/,
      );
    } finally {
      spawnSync('umount', [place]);
    }
  });
});

describe('places that cannot be written to', () => {
  const refused = async (path: string, message: RegExp) => {
    await assert.rejects(writeFileAtomic(path, 'new'), (error: unknown) => {
      assert.ok(error instanceof EspalierError);
      assert.match(error.message, message);
      assert.ok(error.message.includes(path));
      return true;
    });
  };

  test('no folder, a file as a folder, a folder as a file, a device', async () => {
    await refused(join(folder, 'none', 'a.txt'), /no such file or folder.*create the folder first/);
    writeFileSync(join(folder, 'file'), 'x');
    await refused(join(folder, 'file', 'a.txt'), /its folder is a file/);
    await refused(folder, /Expected a regular file or a new name, got a folder/);
    if (existsSync('/dev/null')) {
      await refused('/dev/null', /got a device or a pipe/);
      assert.ok(statSync('/dev/null').isCharacterDevice(), 'it is still a device');
    }
  });

  test('a folder without permission', { skip: process.getuid?.() === 0 ? 'root may write anywhere' : false }, async () => {
    const place = join(folder, 'locked');
    mkdirSync(place);
    chmodSync(place, 0o500);
    await refused(join(place, 'a.txt'), /permission denied/);
    chmodSync(place, 0o700);
  });

  test('contents whose making fails leave nothing', async () => {
    const path = join(folder, 'failing');
    function* parts(): Generator<Uint8Array> {
      yield new Uint8Array(1000);
      throw new EspalierError('The weights cannot be read');
    }
    await assert.rejects(writeFileAtomic(path, parts()), { message: 'The weights cannot be read.' });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('failing')),
      [],
    );
  });

  test('many writers of one file at once: one of them wins whole', async () => {
    const path = join(folder, 'contended');
    await Promise.all(Array.from({ length: 8 }, (_, i) => writeFileAtomic(path, String(i).repeat(100_000))));
    const text = readFileSync(path, 'utf8');
    assert.ok(text.length === 100_000 && new Set(text).size === 1);
  });
});
