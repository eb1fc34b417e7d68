import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { espalier } from './run.js';

let folder: string;
const run = (...args: string[]) => espalier(args, { cwd: folder });
const data = ['--data', 'digits'];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-watch-'));
  const { code, stderr } = await run('train', '--arch', 'survey-cnn', '--width', '0.1', ...data, '--epochs', '4', '--out', 'net.onnx');
  assert.equal(code, 0, stderr);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const optimize = (out: string, ...more: string[]) =>
  run('optimize', 'net.onnx', ...data, '--epochs', '1', '--serving', 'none', '--out', out, ...more);
/** More than are made before somebody can say something. */
const many = ['--trials', '500'];

test('optimize --detach goes on by itself, watch follows it to its end, and steer is heard', async () => {
  const { code, stdout, stderr } = await optimize('better', '--detach', '--json', ...many);
  assert.equal(code, 0, stderr);
  const { pid, log, schema } = JSON.parse(stdout);
  assert.equal(schema, 'espalier/optimize@1');
  assert.notEqual(pid, process.pid);
  const told = await run('steer', 'better', 'trials', '3', '--json');
  assert.equal(told.code, 0, told.stderr);
  assert.deepEqual(JSON.parse(told.stdout).message, { kind: 'trials', trials: 3 });
  const watched = await run('watch', 'better', '--json');
  assert.equal(watched.code, 0, watched.stderr);
  const [first, ...changes] = watched.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(first.schema, 'espalier/live@1');
  for (const [i, { revision }] of changes.entries()) assert.ok(revision > (changes[i - 1] ?? first).revision);
  assert.equal(changes.findLast(({ state }) => state !== undefined).state, 'complete');
  const front = JSON.parse(readFileSync(join(folder, 'better', 'front.json'), 'utf8'));
  const made = front.trials.finished + front.trials.failed;
  // Those that were begun when it was heard are made, too.
  assert.ok(front.complete && made >= 3 && made < 500, `${made} trials`);
  assert.match(readFileSync(join(folder, log), 'utf8'), /3 recipes are tried in all[\s\S]*Report: better\/report\.html/);

  const again = await run('watch', 'better');
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, new RegExp(`net\\.onnx: complete, ${made} of ${made} trials, \\d+ on the front[\\s\\S]*accuracy \\(test\\)`));
  const late = await run('steer', 'better', 'stop');
  assert.deepEqual([late.code, /The run is complete/.test(late.stderr)], [2, true], late.stderr);
});

test('a run that was killed is stopped, one that cannot begin says why', async () => {
  const { stdout } = await optimize('killed', '--detach', '--json', ...many, '--jobs', '2');
  const { pid } = JSON.parse(stdout);
  const watching = run('watch', 'killed');
  process.kill(pid, 'SIGKILL');
  const { code, stderr } = await watching;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /Nobody is at work in the run. The same optimize command goes on with it/);
  const nobody = await run('steer', 'killed', 'pause');
  assert.match(nobody.stderr, /Nobody is at work in this run/);
  const refused = await optimize('killed', '--detach', '--seed', '5');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /ended before it had begun, with code 2[\s\S]*There is a run with other data here/);
});

test('what cannot be meant is refused', async () => {
  for (const [args, expected] of [
    [['dance'], /Expected pause, resume, stop, limits, trial or trials, got dance/],
    [['pause', 'now'], /"pause" takes no value/],
    [['limits'], /"limits" takes a value/],
    [['limits', 'max-joy=1'], /NAME=VALUE of max-size/],
    [['limits', 'max-size=much'], /limits|max-size/],
    [['trial', 'prune'], /Not a point/],
    [['trials', '0'], /trials/],
    [['pause'], /no run here/],
  ] as const) {
    const { code, stderr } = await run('steer', 'nowhere', ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
  }
  const nowhere = await run('watch', 'nowhere');
  assert.deepEqual([nowhere.code, /no run here/.test(nowhere.stderr)], [2, true], nowhere.stderr);
});
