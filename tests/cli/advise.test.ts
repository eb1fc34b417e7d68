// advise: commands that work, ranges that hold what was measured, and reasons.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Random } from 'espalier/base';
import { Graph, Model, SymbolicDim } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { typedBuilder } from 'espalier/ops';
import { advise, expected, type GainsTable, gainsTable, PLACES, type Seen, techniques } from 'espalier/strategies';
import { checkOptions } from 'espalier/technique';
import { root } from '../support/paths.js';
import { normalTensors } from '../support/tensors.js';
import { espalier } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-advise-'));
const shipped = gainsTable.parse(JSON.parse(readFileSync(join(root, 'assets', 'gains.json'), 'utf8')));

before(async () => {
  const normal = normalTensors(new Random('advise'));
  const model = new Model(new Graph('net'), 17);
  const build = typedBuilder(model.graph, model.opsets);
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), 64]);
  const hidden = build.op('Relu', [build.op('MatMul', [x, build.parameter('w', normal(64, 128))])]);
  build.output(build.op('MatMul', [hidden, build.parameter('u', normal(128, 10))]), 'y');
  await saveModel(model, join(folder, 'net.onnx'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const run = async (line: string) => espalier(line.split(' '), { cwd: folder });
const document = async (line: string) => JSON.parse((await run(`${line} --json`)).stdout);

test('for every place: an order, commands, and ranges around what is expected', async () => {
  for (const place of PLACES) {
    const { advice, not, for: asked } = await document(`advise net.onnx --for ${place}`);
    assert.equal(asked, place);
    assert.equal(advice.length + not.length, Object.keys(shipped.ways).length, 'every way is advised, or not, with a reason');
    for (const { size, latency, command, technique } of advice) {
      for (const { value, low, high } of [size, latency]) assert.ok(0 < low && low <= value && value <= high, command);
      assert.match(command, new RegExp(`^espalier apply ${technique} net\\.onnx .*-o net\\.[\\w-]+\\.onnx$`));
    }
    for (const { why } of not) assert.match(why, /\w/);
  }
});

test('the first command that needs no data does what it says', async () => {
  const { advice } = await document('advise net.onnx --for web');
  const chosen = advice.find(({ needsData }: { needsData: boolean }) => !needsData);
  const [, ...words] = (chosen.command as string).split(' ');
  const { code, stderr } = await espalier([...words, '--no-time'], { cwd: folder });
  assert.equal(code, 0, stderr);
  const out = join(folder, words.at(-1) as string);
  assert.ok(existsSync(out));
  assert.ok(statSync(out).size < statSync(join(folder, 'net.onnx')).size);
});

test('the text names the file, the gain with its range, and the command', async () => {
  const { code, stdout } = await run('advise net.onnx');
  assert.equal(code, 0);
  assert.match(stdout, /^net\.onnx \([\d.]+ KB, [\d.]+ K MACs\) for cpu: expected by \d+ measured models/);
  assert.match(stdout, /^1\. [\w -]+ {3}file \d\.\d\dx \(\d\.\d\d to \d\.\d\d\) {3}time \d\.\d\dx/m);
});

test('the shipped table names techniques that are there, with options that they take', () => {
  for (const { technique, options } of Object.values(shipped.ways)) checkOptions(techniques.get(technique), options);
});

const even: Seen = {
  bytes: 1e6,
  macs: 1e6,
  peakBytes: 1e4,
  isQuantized: false,
  features: { weightShare: 0.9, recurrentShare: 0, convolutionShare: 1, macs: 6, bytes: 6 },
};
const line = (ratio: number) => ({ intercept: Math.log(ratio), slope: 0, error: 0.1, models: 10 });

function tableOf(ways: Record<string, { size: number; time: number; failsOnWeb?: number }>): GainsTable {
  const gains = Object.entries(ways).map(([way, { size, time, failsOnWeb = 0 }]) => [
    way,
    {
      technique: 'quantize',
      options: {},
      needsData: false,
      trains: false,
      tried: 10,
      written: 10,
      refused: 0,
      failsOnWeb,
      size: line(size),
      time: line(time),
    },
  ]);
  return gainsTable.parse({ schema: 'espalier/gains@1', models: 10, ways: Object.fromEntries(gains) });
}

test('a place decides: time on a processor, the file in a page; what gains nothing there is said', () => {
  const table = tableOf({ small: { size: 0.3, time: 1.2 }, quick: { size: 0.9, time: 0.6 }, idle: { size: 1, time: 1 } });
  const order = (place: (typeof PLACES)[number]) => advise(table, even, place).advice.map(({ way }) => way);
  assert.deepEqual(
    [order('cpu'), order('web')],
    [
      ['quick', 'small'],
      ['small', 'quick'],
    ],
  );
  assert.match(advise(table, even, 'cpu').not[0].why, /no gain is expected for cpu: 1\.00 times the size, 1\.00 times the time/);
});

test('what cannot be is not advised: integers again, files that a page does not run, widened weights on a microcontroller', () => {
  const table = tableOf({ 'quantize weights': { size: 0.3, time: 1, failsOnWeb: 5 } });
  const why = (seen: Seen, place: (typeof PLACES)[number]) => advise(table, seen, place).not[0]?.why;
  assert.equal(why(even, 'cpu'), undefined);
  assert.match(why({ ...even, isQuantized: true }, 'cpu'), /quantized already/);
  assert.match(why(even, 'web'), /of 10 files 5 did not run in onnxruntime-web/);
  assert.match(why(even, 'mcu'), /memory to widen/);
});

test('an expected value follows its feature, and its range the error', () => {
  const found = expected({ feature: 'weightShare', intercept: 1, slope: -2, error: 0.5, models: 9 }, even.features);
  assert.deepEqual(
    Object.values(found).map((value) => Number(value.toFixed(6))),
    [-0.8, -1.3, -0.3],
  );
});

test('a model that is none is said in one line', async () => {
  const { code, stderr } = await run('advise missing.onnx');
  assert.equal(code, 1);
  assert.match(stderr, /^error: missing\.onnx: There is no such model file\./);
});
