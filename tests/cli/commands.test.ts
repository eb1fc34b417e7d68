import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Graph, GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { espalier } from './run.js';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const run = (line: string) => espalier(line.split(' '), { cwd: folder });

/** Runs a command that must succeed with --json; its stdout must be one JSON document that says what it is. */
async function json(line: string) {
  const { code, stdout, stderr } = await run(`${line} --json`);
  assert.equal(code, 0, `${line}: ${stderr}`);
  const document = JSON.parse(stdout);
  const [command] = line.split(' ');
  const kind = ['optimize', 'report'].includes(command) ? 'front' : command;
  assert.equal(document.schema, `espalier/${kind}@1`);
  return document;
}

const TRAIN = 'train --arch survey-cnn --width 0.25 --data digits --epochs 6 --batch-size 64 --threads 1';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-cli-'));
  const { code, stdout, stderr } = await run(`${TRAIN} -o net.onnx`);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /epoch {3}6 .*\ntest accuracy: \d+\.\d\d% \(95% interval .*\)\nWrote net\.onnx\n$/);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('train: leaves the model and nothing else; the same seed gives the same bytes, another one others', async () => {
  assert.equal(existsSync(at('net.onnx.work')), false);
  const [same, other] = [await json(`${TRAIN} -o same.onnx`), await json(`${TRAIN} -o other.onnx --seed 1`)];
  assert.equal(same.training.length, 6);
  assert.equal(same.test.metric, 'accuracy');
  assert.equal(other.model, 'other.onnx');
  assert.deepEqual(readFileSync(at('same.onnx')), readFileSync(at('net.onnx')));
  assert.notDeepEqual(readFileSync(at('other.onnx')), readFileSync(at('net.onnx')));
});

test('train: fine-tunes the last layer by another optimizer, a batch in parts', async () => {
  const how = '--optimizer schedule-free-adamw --batch-size 64 --accumulate 4 --sam 0.05 --freeze-depth 1 --rate-factors *=0.5';
  const { training, test: tested } = await json(`train --model net.onnx --data digits --epochs 1 --threads 1 ${how} -o tuned.onnx`);
  assert.equal(training.length, 1);
  assert.ok(tested.value > 0.5, `${tested.value}`);
  const weights = (name: string) => {
    const initializers = [...loadModel(at(name)).graph.initializers].filter(({ initializer }) => initializer?.dtype === 'float32');
    return new Map(initializers.map((value) => [value.name, Buffer.from(value.initializer!.bytes()).toString('hex')]));
  };
  const before = weights('net.onnx');
  const changed = [...weights('tuned.onnx')].filter(([name, contents]) => before.get(name) !== contents);
  assert.equal(changed.length, 2, changed.map(([name]) => name).join());
});

test('train: within a budget of memory the same bytes, with an account of it; an impossible budget is refused with the least possible', async () => {
  const short = 'train --arch resnet-8 --data digits --epochs 1 --threads 1';
  const refused = await run(`${short} --max-memory 1KB -o limited.onnx`);
  assert.equal(refused.code, 2);
  const [, least] = /at least ([\d.]+) MB/.exec(refused.stderr) ?? assert.fail(refused.stderr);
  const limited = await json(`${short} --max-memory ${least}MB -o limited.onnx`);
  assert.ok(limited.facts.peakMemory <= 1e6 * Number(least) && limited.facts.addedMacs > 0, JSON.stringify(limited.facts));
  const free = await run(`${short} -o free.onnx`);
  assert.doesNotMatch(free.stdout, /predicted/);
  assert.match((await run(`${short} --max-memory 1GB -o ample.onnx`)).stdout, /predicted to need [\d.]+ MB: nothing had to be recomputed/);
  assert.deepEqual(readFileSync(at('limited.onnx')), readFileSync(at('free.onnx')));
});

test('eval: knows from the file how inputs are prepared; every metric, as text and as JSON', async () => {
  const { stdout, stderr } = await run('eval net.onnx --data digits');
  assert.match(stderr, /as the model's file says/);
  for (const name of ['accuracy', 'top-5', 'macro F1', 'precision', 'recall', 'AUC', 'confusion'])
    assert.match(stdout, new RegExp(`^${name}`, 'm'));
  const { value, interval, confusion, samples, classes } = await json('eval net.onnx --data digits --limit 100');
  assert.equal(samples, 100);
  assert.equal(classes.length, 10);
  assert.ok(interval[0] <= value && value <= interval[1]);
  const counts = confusion.flat().reduce((sum: number, count: number) => sum + count, 0);
  assert.equal(counts, 100);
});

test('inspect and bench: figures, as text and as JSON', async () => {
  const inspected = await json('inspect net.onnx');
  assert.ok(inspected.macs > 0 && inspected.layers.length > 0);
  assert.equal(inspected.bytes, readFileSync(at('net.onnx')).length);
  assert.match((await run('inspect net.onnx')).stdout, /parameters/);
  assert.equal((await run('inspect net.onnx --html net.html')).code, 0);
  assert.match(readFileSync(at('net.html'), 'utf8'), /^<!doctype html>/i);
  const timed = await json('bench net.onnx --runs 20 --threads 1 --batch 2');
  assert.ok(timed.p50 > 0 && timed.p50 <= timed.p95 && timed.p95 <= timed.p99);
  assert.equal(timed.batch, 2);
});

test('quantize: static, dynamic, weights and with training are smaller, load and say what they cost', async () => {
  const before = readFileSync(at('net.onnx')).length;
  const ways = ['--data digits', '--dynamic', '--weights', '--data digits --aware --epochs 1 --threads 1'];
  for (const [index, way] of ways.entries()) {
    const { model, quality, footprint, notes } = await json(`quantize net.onnx ${way} -o q${index}.onnx`);
    assert.equal(model, `q${index}.onnx`);
    assert.ok(footprint.before.weightBytes / footprint.after.weightBytes > 3, way);
    assert.equal(footprint.before.bytes, before);
    assert.equal(footprint.after.bytes, readFileSync(at(model)).length);
    assert.equal(quality.after === undefined, !way.includes('--data'), way);
    if (quality.after) assert.ok(quality.before.value - quality.after.value < 0.03, way);
    assert.ok(notes);
  }
  const { stdout } = await run('quantize net.onnx --dynamic -o q.onnx');
  assert.match(stdout, /Quality was not measured[\s\S]*weights .* -> .* smaller\n[\s\S]*Wrote q\.onnx\n$/);
});

test('quantize says of an output that hardly varies by how much of its size it changed, and not what R² makes of that', async () => {
  // 1 + a millionth: the weights' rounding moves the constant, by far more than what comes on top of it.
  const graph = new Graph('still');
  const build = new GraphBuilder(graph);
  const x = build.input('x', 'float32', [1, 4]);
  const ones = build.op(
    'Concat',
    [build.op('Mul', [x, build.scalar(1e-5)]), build.constant(Tensor.of('float32', [1, 1], Float32Array.of(1)))],
    { axis: 1 },
  );
  const weights = Float32Array.from({ length: 5 * 3 }, (_, i) => 0.3 + 0.4 * Math.sin(7 * i));
  build.output(build.op('MatMul', [ones, build.parameter('w', Tensor.of('float32', [5, 3], weights))]), 'y');
  await saveModel(new Model(graph, 17), at('still.onnx'));
  const { stdout } = await run('quantize still.onnx --force --dynamic -o still-q.onnx');
  assert.match(
    stdout,
    /On 8 made-up inputs: fidelity of the worst channel .+ \(it hardly varies in the original: the difference is [\d.e-]+% of its size\), SQNR/,
  );
});

test('prune: the graph shrinks; sparsity leaves zeros', async () => {
  const half = await json('prune net.onnx --data digits --target macs=0.5 --epochs 3 --threads 1 -o half.onnx');
  assert.ok(half.footprint.after.macs <= 0.55 * half.footprint.before.macs);
  assert.ok(half.quality.after.value > 0.5);
  assert.equal(existsSync(at('half.onnx.work')), false);
  await json('prune net.onnx --data digits --target sparsity=0.5 --epochs 1 --threads 1 -o sparse.onnx');
  const weights = [...loadModel(at('sparse.onnx')).graph.initializers].flatMap((value) => [...(value.initializer?.toFloat32() ?? [])]);
  assert.ok(weights.filter((weight) => weight === 0).length > 0.4 * weights.length);
});

test('samplers: what optimize may be told to use, and no other', async () => {
  const listed = await json('samplers');
  const namesOf = (list: { name: string }[]) => list.map(({ name }) => name);
  assert.deepEqual(namesOf(listed.samplers), ['tpe', 'auto', 'gp', 'nsga2', 'evolution', 'random', 'quasi-random', 'grid']);
  assert.deepEqual(namesOf(listed.stoppers), ['none', 'median', 'asha', 'hyperband', 'patience']);
  for (const [option, list] of [['--sampler', listed.samplers] as const, ['--stopper', listed.stoppers] as const]) {
    const { code, stderr } = await espalier(['optimize', 'model.onnx', '--data', 'digits', '--out', 'out', option, 'luck']);
    assert.notEqual(code, 0);
    for (const name of namesOf(list)) assert.ok(stderr.includes(name), stderr);
  }
  const { code, stderr } = await run('optimize net.onnx --data digits --out warm --warm-start nowhere');
  assert.notEqual(code, 0);
  assert.match(stderr, /no run to begin with/);
  assert.equal(existsSync(at('warm')), false);
});

test('apply: a technique by its name, and the recipe of a card, step by step; techniques: what there is', async () => {
  const names = (await json('techniques')).techniques.map(({ name }: { name: string }) => name);
  assert.ok(names.includes('flip-ensemble') && names.includes('quantize'), names.join());
  const { options } = await json('techniques quantize-aware-train');
  const epochs = options.find(({ name }: { name: string }) => name === 'epochs');
  assert.equal(epochs.values, 'integer');
  assert.match(epochs.description, /Default: 5, or with little data as many as make 500 steps/);

  const bare = await json('apply minify net.onnx -o bare.onnx');
  assert.equal(bare.quality.after, undefined, 'no data is asked for');
  const palette = await json('apply weight-sharing net.onnx --bits 3 -o palette.onnx');
  assert.ok(palette.footprint.after.bytes < 0.4 * palette.footprint.before.bytes);
  const pruned = await json('apply prune net.onnx --target parameters --keep 0.6 --tuning none --force -o pruned.onnx');
  assert.ok(pruned.footprint.after.parameters < 0.65 * pruned.footprint.before.parameters);
  const trained = 'apply quantize-aware-train net.onnx --data digits --weight-type int4 --no-distill --epochs 1 --threads 1 -o aware.onnx';
  assert.equal((await json(trained)).notes.training.length, 1);
  const short = await json('apply minify net.onnx --data digits -o short.onnx');
  assert.ok(short.footprint.after.bytes < short.footprint.before.bytes);
  assert.equal(short.quality.after.value, short.quality.before.value);
  const coarse = await json('apply quantize net.onnx --data digits --threads 1 --set weightType=int4 --set tolerance=1 -o coarse.onnx');
  assert.ok(coarse.footprint.after.weightBytes < 0.3 * coarse.footprint.before.weightBytes);

  const recipe = [{ technique: 'quantize', options: { tolerance: 1 } }, { technique: 'minify' }];
  writeFileSync(at('card.json'), JSON.stringify({ title: 'of another model', recipe }));
  await json('apply card.json net.onnx --data digits --threads 1 -o both.onnx');
  await json('apply quantize net.onnx --data digits --threads 1 --set tolerance=1 -o first.onnx');
  await json('apply minify first.onnx --data digits --threads 1 -o second.onnx');
  assert.deepEqual(readFileSync(at('both.onnx')), readFileSync(at('second.onnx')));
});

test('distill: a fresh student, one of its own, and one that takes other images than the teacher', async () => {
  const { teacher, test: student } = await json(
    'distill --teacher net.onnx --arch survey-cnn --width 0.1 --data digits --epochs 2 --threads 1 -o student.onnx',
  );
  assert.ok(teacher.value > 0.8 && student.samples === teacher.samples);
  await json('distill --teacher net.onnx --student student.onnx --data digits --epochs 1 --threads 1 -o better.onnx');
  await json('train --arch survey-cnn --width 0.25 --resolution 12 --data digits --epochs 4 --batch-size 64 --threads 1 -o large.onnx');
  const { teacher: large, test: small } = await json(
    'distill --teacher large.onnx --student student.onnx --data digits --epochs 2 --threads 1 -o smaller.onnx',
  );
  assert.ok(large.value > 0.5 && small.samples === large.samples);
  const { value: untaught } = await json('eval student.onnx --data digits');
  assert.ok(small.value > untaught, `${untaught} to ${small.value}`);
  assert.match((await run('eval smaller.onnx --data digits')).stderr, /as the model's file says/);
});

test('optimize and report: a front, a page, and the same again from the folder', async () => {
  const line = 'optimize net.onnx --data digits --out better --trials 2 --epochs 1';
  const first = await run(line);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /Trial 1: .*accuracy/);
  assert.match(first.stdout, /int8[\s\S]*Report: better\/report\.html\n$/);
  const page = readFileSync(at('better', 'report.html'), 'utf8');
  const again = await json(line);
  assert.equal(again.complete, true);
  const reported = await json('report better');
  assert.deepEqual(reported, JSON.parse(readFileSync(at('better', 'front.json'), 'utf8')));
  assert.deepEqual(reported.models, again.models);
  assert.match(page, /^<!doctype html>/i);
  const [{ card }] = again.models.filter((model: { card?: string }) => model.card);
  assert.equal(JSON.parse(readFileSync(at('better', card), 'utf8')).schema, 'espalier/card@1');
  const other = await run(`${line} --max-drop 1`);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /other limits here/);
});

test('--quiet: the result alone, and no word on stderr', async () => {
  const { stdout, stderr } = await run('eval net.onnx --data digits --quiet');
  assert.equal(stderr, '');
  assert.match(stdout, /^accuracy/);
});
