import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { espalier } from './run.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-signals-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const train = (out: string, epochs: number) =>
  `train --arch survey-cnn --width 0.25 --data digits --epochs ${epochs} --threads 1 -o ${out}`.split(' ');

/** Does something once a file is there. */
function when(path: string, act: (child: ChildProcess) => void): (child: ChildProcess) => void {
  return (child) => {
    const timer = setInterval(() => {
      if (!existsSync(path)) return;
      clearInterval(timer);
      act(child);
    }, 20);
    child.once('close', () => clearInterval(timer));
  };
}

const checkpoint = (out: string) => join(folder, `${out}.work`, 'train.checkpoint');

test('Ctrl-C: code 130, no result, what is done is kept; the same command ends with the bytes of an undisturbed run', async () => {
  const stopped = await espalier(train('net.onnx', 24), {
    cwd: folder,
    during: when(checkpoint('net.onnx'), (child) => child.kill('SIGINT')),
  });
  assert.equal(stopped.code, 130, stopped.stderr);
  assert.equal(stopped.stdout, '');
  assert.match(stopped.stderr, /Stopping[\s\S]*kept in net\.onnx\.work: the same command goes on from there/);
  assert.equal(existsSync(join(folder, 'net.onnx')), false);
  const resumed = await espalier(train('net.onnx', 24), { cwd: folder });
  assert.match(resumed.stderr, /Going on from the checkpoint/);
  assert.equal(resumed.code, 0, resumed.stderr);
  const whole = await espalier(train('whole.onnx', 24), { cwd: folder });
  assert.equal(whole.code, 0);
  assert.deepEqual(readFileSync(join(folder, 'net.onnx')), readFileSync(join(folder, 'whole.onnx')));
});

test('quantization-aware training goes on as well', async () => {
  await espalier(train('float.onnx', 1), { cwd: folder });
  const aware = (out: string) => `quantize float.onnx --aware --data digits --epochs 24 --threads 1 -o ${out}`.split(' ');
  const work = join(folder, 'int8.onnx.work');
  const stopped = await espalier(aware('int8.onnx'), {
    cwd: folder,
    during: when(join(work, 'quantize-aware-train.checkpoint'), (child) => child.kill('SIGINT')),
  });
  assert.equal(stopped.code, 130, stopped.stderr);
  const resumed = await espalier(aware('int8.onnx'), { cwd: folder });
  assert.match(resumed.stderr, /Going on from the checkpoint/);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.equal(existsSync(work), false);
  assert.equal((await espalier(aware('whole-int8.onnx'), { cwd: folder })).code, 0);
  assert.deepEqual(readFileSync(join(folder, 'int8.onnx')), readFileSync(join(folder, 'whole-int8.onnx')));
});

test('another signal stops at once: nothing is said of what is kept', async () => {
  const { code, stderr } = await espalier(train('twice.onnx', 500), {
    cwd: folder,
    // Both are there when it goes on: it has no time to end by the first one. Two of one name would be one.
    during: when(checkpoint('twice.onnx'), (child) => {
      for (const name of ['SIGSTOP', 'SIGINT', 'SIGTERM', 'SIGCONT'] as const) child.kill(name);
    }),
  });
  assert.ok(code === 130 || code === 143, String(code));
  assert.match(stderr, /Stopping\./);
  assert.doesNotMatch(stderr, /Stopped\./);
});

test('a checkpoint of another training is not gone on with, and the message says what to do', async () => {
  const { code, stderr } = await espalier(train('twice.onnx', 3), { cwd: folder });
  assert.notEqual(code, 0);
  assert.match(stderr, /another training[\s\S]*remove/);
});

test('a reader that goes away ends the command quietly', async () => {
  const { code, stderr } = await espalier(['inspect', join(folder, 'net.onnx')], { during: (child) => child.stdout?.destroy() });
  assert.equal(code, 0);
  assert.equal(stderr, '');
});

test('progress without a terminal: plain lines, no control characters', async () => {
  const { stderr } = await espalier(train('long.onnx', 4000), {
    cwd: folder,
    during: (child) => child.stderr?.on('data', (text) => /^train /m.test(String(text)) && child.kill('SIGINT')),
  });
  assert.match(stderr, /^train \d+% {2}epoch \d+ {2}loss \d/m);
  assert.ok(!stderr.includes('\r') && !stderr.includes('\x1b'));
});
