// Every command that writes a model proves it first: what is bad, or gains nothing, is not written, unless that is forced.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Random } from 'espalier/base';
import { Graph, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { typedBuilder } from 'espalier/ops';
import { npy } from '../support/npy.js';
import { root } from '../support/paths.js';
import { espalier } from './run.js';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const run = (line: string) => espalier(line.split(' '), { cwd: folder });

async function json(line: string) {
  const { code, stdout, stderr } = await run(`${line} --json`);
  assert.equal(code, 0, `${line}: ${stderr}`);
  return JSON.parse(stdout);
}

/** A command that must fail with code 1, say why in one line, and leave nothing. */
async function refused(line: string, out: string): Promise<string> {
  const { code, stdout, stderr } = await run(line);
  assert.equal(code, 1, `${line}: ${stdout}${stderr}`);
  assert.equal(existsSync(at(out)), false, `${out} is there`);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  );
  const [error, ...more] = stderr.split('\n').filter((each) => each.startsWith('error: '));
  assert.deepEqual(more, []);
  return error;
}

/** Dense layers of one input "x" [N, 32]; the last can be made so that 8 bits destroy what comes out. */
function dense(isFragile: boolean, width = 64): Model {
  const random = new Random('dense');
  const model = new Model(new Graph('dense'), 17);
  const build = typedBuilder(model.graph, model.opsets);
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), 32]);
  const weight = (name: string, rows: number, columns: number) =>
    build.parameter(
      name,
      Tensor.of(
        'float32',
        [rows, columns],
        Float32Array.from({ length: rows * columns }, () => random.normal() / Math.sqrt(rows)),
      ),
    );
  const hidden = build.op('Relu', [build.op('MatMul', [x, weight('w', 32, width)])]);
  const first = weight('v', width, width);
  const result = build.op('MatMul', [hidden, first]);
  if (!isFragile) build.output(result, 'y');
  else {
    // The same product again with weights that differ by less than a step of 8 bits: nothing but the difference comes out.
    const near = Float32Array.from(first.initializer!.toFloat32(), (value) => value + 1e-4 * random.normal());
    const second = build.op('MatMul', [hidden, build.parameter('u', Tensor.of('float32', [width, width], near))]);
    build.output(build.op('Mul', [build.op('Sub', [result, second]), build.scalar(1e4)]), 'y');
  }
  return model;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-shipping-'));
  await saveModel(dense(false), at('good.onnx'));
  await saveModel(dense(true), at('fragile.onnx'));
  await saveModel(dense(false, 1), at('tiny.onnx'));
  const trained = await run('train --arch survey-cnn --width 0.25 --data digits --epochs 4 --batch-size 64 --threads 1 -o net.onnx');
  assert.equal(trained.code, 0, trained.stderr);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('a good model: what the worst output became, and the time before and after with its interval', async () => {
  const found = await json('quantize good.onnx --weights -o small.onnx');
  assert.deepEqual([found.proof.inputs, found.proof.runs, found.proof.bound], ['made-up', 8, 10]);
  assert.ok(found.proof.outputs[0].output === 'y' && found.proof.outputs[0].sqnr > 25, JSON.stringify(found.proof));
  const { before, after, ratio, interval, verdict, threads } = found.time;
  assert.ok(before > 0 && after > 0 && interval[0] <= ratio && ratio <= interval[1], JSON.stringify(found.time));
  assert.equal(verdict, interval[1] < 1 ? 'faster' : interval[0] > 1 ? 'slower' : 'as fast');
  assert.equal(threads, 1);
  assert.deepEqual(found.forced, []);
  const { stdout } = await run('quantize good.onnx --weights --no-time -o untimed.onnx');
  assert.match(stdout, /^worst output .* dB SQNR {3}"y", 1 compared on 8 made-up inputs$/m);
  assert.doesNotMatch(stdout, /^time/m);
  assert.equal(loadModel(at('untimed.onnx')).metadata.has('espalier.forced'), false);
});

test('a destroyed output is refused in one line, and forced it leads the text and stands in the file', async () => {
  const error = await refused('quantize fragile.onnx --weights int2 --no-time -o bad.onnx', 'bad.onnx');
  assert.match(
    error,
    /bad\.onnx: The model is not written, because output "y" has -?[\d.]+ dB SQNR to the original on 8 made-up inputs, and 10 dB is the bound\..*--force\.$/,
  );
  const { code, stdout, stderr } = await run('quantize fragile.onnx --weights int2 --no-time --force -o bad.onnx');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^FORCED: output "y" has /);
  assert.match(loadModel(at('bad.onnx')).metadata.get('espalier.forced') ?? '', /^output "y" has /);
  const document = await json('quantize fragile.onnx --weights int2 --no-time --force -o bad.onnx');
  assert.equal(document.forced.length, 1);
});

test('what would be destroyed is written where a few layers in float save it', async () => {
  const { proof, notes, forced, footprint } = await json('quantize fragile.onnx --dynamic --no-time -o saved.onnx');
  assert.ok(proof.outputs[0].sqnr > 13 && footprint.after.bytes < 0.9 * footprint.before.bytes);
  assert.deepEqual(forced, []);
  assert.match(notes.remarks.join(' '), /2 of 3 layers keep float weights, because .*to come closer would leave more than an eighth/);
});

test('with --json a refusal is a document as other errors are, and an older file stays as it was', async () => {
  writeFileSync(at('old.onnx'), 'older');
  const { code, stdout } = await run('quantize fragile.onnx --weights int2 --no-time -o old.onnx --json');
  assert.deepEqual([code, JSON.parse(stdout).error.name], [1, 'Refused']);
  assert.equal(readFileSync(at('old.onnx'), 'utf8'), 'older');
});

test('a file that gains nothing is refused with where its weights are', async () => {
  const error = await refused('quantize tiny.onnx --weights --no-time -o none.onnx', 'none.onnx');
  assert.match(error, /it gains nothing: the file is [\d.]+ times as large; its float weights \(\d+ B\) are read by MatMul \(100%\)/);
  assert.equal((await run('quantize tiny.onnx --weights --no-time --force -o none.onnx')).code, 0);
});

test('what shrinks a model is refused where the file grows: integers that became floats', async () => {
  assert.equal((await run('quantize good.onnx --weights --no-time -o int8.onnx')).code, 0);
  const error = await refused('apply sparsify int8.onnx --sparsity 0.1 --tuning none --no-time -o grown.onnx', 'grown.onnx');
  assert.match(error, /the file is [23]\.\d\d times as large: the integers of the model became floats; with quantize as the last step/);
});

test('weights beside a file count before and after', async () => {
  mkdirSync(at('beside'), { recursive: true });
  const bytes = await saveModel(dense(false), at('beside', 'model.onnx'), { externalFrom: 1024 });
  assert.ok(bytes > 2 * statSync(at('beside', 'model.onnx')).size);
  const found = await json('quantize beside/model.onnx --weights --no-time -o beside/small.onnx');
  assert.equal(found.footprint.before.bytes, bytes);
  assert.equal((await json('inspect beside/model.onnx')).bytes, bytes);
});

test('a loss of the metric beyond the bound is refused; a limit that is asked for replaces the bound', async () => {
  const prune = 'prune net.onnx --data digits --target macs=0.3 --tuning none --threads 1 --no-time';
  const error = await refused(`${prune} -o half.onnx`, 'half.onnx');
  assert.match(
    error,
    /it loses [\d.]+ points of accuracy on the test part \([\d.]+% to [\d.]+%\), and 5 is the bound\. Prune less.*--max-drop.*--force/,
  );
  const allowed = await json(`${prune} --max-drop 95 -o half.onnx`);
  assert.ok(allowed.quality.before.value - allowed.quality.after.value > 0.05);
  assert.deepEqual(allowed.forced, []);
});

test('what was trained before a refusal is kept, and goes on with --force', async () => {
  const prune = 'prune net.onnx --data digits --target macs=0.05 --epochs 2 --rounds 1 --threads 1 --no-time -o least.onnx';
  assert.match(await refused(prune, 'least.onnx'), /what was trained is kept/);
  const { code, stdout, stderr } = await run(`${prune} --force`);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Going on from the checkpoint in least\.onnx\.work/);
  assert.match(stdout, /^FORCED: it loses /);
  assert.equal(existsSync(at('least.onnx.work')), false);
});

test('samples come from a file for each input, or are synthetic, and the model says so', async () => {
  const values = Float32Array.from({ length: 40 * 32 }, (_, i) => Math.sin(i));
  writeFileSync(at('x.npy'), npy([40, 32], values));
  const fromNpy = await json('quantize good.onnx --input x=x.npy --no-time -o npy.onnx');
  assert.deepEqual([fromNpy.proof.inputs, fromNpy.proof.samples], ['samples', 8]);
  assert.ok(fromNpy.quality.after.value > 0.95);
  writeFileSync(at('x.pb'), tensorProto([2, 32], values.slice(0, 64)));
  const fromPb = await json('quantize good.onnx --input x.pb --no-time -o pb.onnx');
  assert.equal(fromPb.proof.inputs, 'samples');
  const fewSamples = /2 sample\(s\) are few: they are repeated, .*used before/;
  assert.match((await run('quantize good.onnx --input x.pb --no-time -o pb.onnx')).stderr, fewSamples);
  assert.doesNotMatch((await run('quantize good.onnx --input x=x.npy --no-time -o npy.onnx')).stderr, /repeated/);
  await json('quantize good.onnx --data synthetic --no-time -o synthetic.onnx');
  assert.equal(loadModel(at('synthetic.onnx')).metadata.get('espalier.data'), 'synthetic');
  const { code, stderr } = await run('quantize good.onnx --input z=x.npy -o none.onnx');
  assert.equal(code, 2);
  assert.match(stderr, /no input "z".*one of x/);
});

test('no command writes a model in another way', () => {
  const source = join(root, 'src', 'cli');
  const writers = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && /\bsaveModel\b/.test(readFileSync(join(source, file), 'utf8')),
  );
  assert.deepEqual(writers, [join('shipping', 'ship.ts')]);
});

/** A TensorProto by hand: dims (field 1), data_type (2), raw_data (9). */
function tensorProto(shape: readonly number[], data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)]);
  return Uint8Array.from([...shape.flatMap((dim) => [8, ...varint(dim)]), 16, 1, 74, ...varint(bytes.length), ...bytes]);
}
