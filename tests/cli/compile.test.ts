import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { encodeModel, GraphBuilder, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { convolutionModel } from '../infrastructure/models.js';
import { withoutCompiler } from '../support/native.js';
import { espalier } from './run.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-compile-'));
  writeFileSync(join(folder, 'net.onnx'), encodeModel(convolutionModel()));
  writeFileSync(join(folder, 'image.onnx'), encodeModel(imageModel()));
  writeFileSync(join(folder, 'open.onnx'), encodeModel(openModel()));
  writeFileSync(join(folder, 'int.onnx'), encodeModel(namedModel('for')));
  writeFileSync(join(folder, 'nan.onnx'), encodeModel(namedModel('x', Number.NaN)));
  writeFileSync(join(folder, 'cancelled.onnx'), encodeModel(cancelledModel()));
  writeFileSync(join(folder, 'custom.onnx'), encodeModel(customModel()));
});
after(() => rmSync(folder, { recursive: true }));

const run = (line: string) => espalier(line.split(' '), { cwd: folder });

/** A dense layer whose input has a name of choice. */
function namedModel(name: string, weight = 2): Model {
  const build = typedBuilder(new Model(new GraphBuilder().graph, 21).graph, new Map([['', 21]]));
  const x = build.input(name, 'float32', [1, 2]);
  build.output(build.op('MatMul', [x, build.parameter('w', Tensor.from('float32', [2, 1], [1, weight]))]), 'return');
  return new Model(build.graph, 21);
}

/** An image that becomes small: its first layers need the most memory. */
function imageModel(): Model {
  const build = typedBuilder(new Model(new GraphBuilder().graph, 21).graph, new Map([['', 21]]));
  const weight = (name: string, ...shape: number[]) => {
    const size = shape.reduce((all, each) => all * each, 1);
    return build.parameter(
      name,
      Tensor.from(
        'float32',
        shape,
        Array.from({ length: size }, (_, index) => Math.sin(index + 1) / 4),
      ),
    );
  };
  const wide = build.op('Conv', [build.input('x', 'float32', [1, 1, 24, 24]), weight('a', 16, 1, 3, 3)], { pads: [1, 1, 1, 1] });
  const small = build.op('Conv', [build.op('Relu', [wide]), weight('b', 4, 16, 3, 3)], { strides: [2, 2], pads: [1, 1, 1, 1] });
  build.output(build.op('GlobalAveragePool', [build.op('Conv', [small, weight('c', 4, 4, 3, 3)])]), 'y');
  return new Model(build.graph, 21);
}

/** One whose input has a dimension that nothing fixes. */
function openModel(): Model {
  const build = typedBuilder(new Model(new GraphBuilder().graph, 21).graph, new Map([['', 21]]));
  const x = build.input(
    'x',
    'float32',
    ['N', 'length'].map((name) => SymbolicDim.named(name)),
  );
  build.output(build.op('Relu', [x]), 'y');
  return new Model(build.graph, 21);
}

/** Sums whose terms cancel: what is left is what the order of adding makes of it, which differs between any two engines. */
function cancelledModel(): Model {
  const build = typedBuilder(new Model(new GraphBuilder().graph, 21).graph, new Map([['', 21]]));
  const x = build.input('x', 'float32', [1, 61]);
  const half = Array.from({ length: 61 * 16 }, (_, index) => 1e6 * Math.sin(index + 1));
  const weight = Tensor.from('float32', [122, 16], [...half, ...half.map((each) => -each)]);
  build.output(build.op('MatMul', [build.op('Concat', [x, x], { axis: 1 }), build.parameter('w', weight)]), 'y');
  return new Model(build.graph, 21);
}

function customModel(): Model {
  const model = namedModel('x');
  model.opsets.set('my.domain', 1);
  const [node] = model.graph.nodes;
  node.op = 'Secret';
  node.domain = 'my.domain';
  return model;
}

test('compile --target c: source, header, and that it agrees with ONNX Runtime', { skip: withoutCompiler() }, async () => {
  const { code, stdout, stderr } = await run('compile net.onnx -o firmware --json');
  assert.equal(code, 0, stderr);
  const { schema, files, check, arenaBytes } = JSON.parse(stdout);
  assert.deepEqual([schema, files, check.status], ['espalier/compile@1', ['firmware/net.c', 'firmware/net.h'], 'agrees']);
  assert.match(readFileSync(join(folder, 'firmware', 'net.h'), 'utf8'), new RegExp(`#define NET_ARENA_BYTES ${arenaBytes}\\n`));
  assert.match(readFileSync(join(folder, 'firmware', 'net.c'), 'utf8'), /^#include <math.h>$/m);
});

test('compile --small --patches: less code and memory, and it agrees with ONNX Runtime', { skip: withoutCompiler() }, async () => {
  const { code, stdout, stderr } = await run('compile image.onnx -o small --small --patches 0.5 --json');
  assert.equal(code, 0, stderr);
  const { check, arenaBytes, patches } = JSON.parse(stdout);
  assert.equal(check.status, 'agrees');
  assert.equal(patches.arenaBytes.patched, arenaBytes);
  assert.ok(arenaBytes < patches.arenaBytes.whole);
  const plan = await run('plan image.onnx --patches 0.5');
  assert.match(plan.stdout, /patches +the first \d layers in \d x \d parts, until ".+": .+ -> .+ of arena, [\d.]+% more/);
  assert.doesNotMatch((await run('plan image.onnx')).stdout, /patches/);
});

test('compile --target wasm: a module and a loader of 1.5 KB at most, which gives what it should', async () => {
  const { code, stdout, stderr } = await run('compile int.onnx --target wasm -o page');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /run in Node: agrees with ONNX Runtime/);
  assert.deepEqual(readdirSync(join(folder, 'page')).sort(), ['int.d.ts', 'int.js', 'int.wasm']);
  const file = join(folder, 'page', 'int.js');
  assert.ok(readFileSync(file).length <= 1500);
  const { load } = await import(pathToFileURL(file).href);
  const model = await load();
  assert.deepEqual([...model.run({ for: Float32Array.of(3, 5) }).return], [13]);
});

test('names that are keywords of C are written otherwise', { skip: withoutCompiler() }, async () => {
  const { code, stdout } = await run('compile int.onnx -o c --name int');
  assert.equal(code, 0);
  assert.match(stdout, /int_run\(for_, return_, 0\)/);
});

test('plan: flash and RAM by kernel, as text, JSON and pictures', async () => {
  const [text, json] = await Promise.all(['plan net.onnx', 'plan net.onnx --json --svg plan.svg --html plan.html'].map(run));
  assert.match(text.stdout, /arena[\s\S]*kernel[\s\S]*Conv/);
  const { kernels, arenaBytes, memory } = JSON.parse(json.stdout);
  assert.ok(kernels.length > 0 && kernels.every(({ arenaBytes: each }: { arenaBytes: number }) => each <= arenaBytes));
  assert.ok(memory.every(({ offset, bytes }: { offset: number; bytes: number }) => offset + bytes <= arenaBytes));
  assert.match(readFileSync(join(folder, 'plan.svg'), 'utf8'), /^<svg[\s\S]*Memory plan/);
  assert.match(readFileSync(join(folder, 'plan.html'), 'utf8'), /Kernels in the order in which they run/);
});

test('what answers differently from the model is not written, unless that is forced', async () => {
  const refused = await run('compile cancelled.onnx --target wasm -o d');
  assert.equal(refused.code, 1, refused.stdout);
  assert.match(refused.stderr, /^error: d: The code is not written, because run in Node it does not agree with ONNX Runtime: .*--force/ms);
  assert.ok(!existsSync(join(folder, 'd')));
  const forced = await run('compile cancelled.onnx --target wasm -o d --force --json');
  assert.equal(forced.code, 0, forced.stderr);
  assert.equal(JSON.parse(forced.stdout).check.status, 'differs');
  assert.ok(existsSync(join(folder, 'd', 'cancelled.wasm')));
});

test('code that needs more than it may is refused: by how much, and for which kernel', async () => {
  const [ram, flash, both] = await Promise.all(
    ['--max-ram 100B', '--max-flash 1B', '--max-ram 1MB --max-flash 1MB'].map((limits, index) =>
      run(`compile net.onnx --target wasm -o limited${index} ${limits}`),
    ),
  );
  assert.deepEqual([ram.code, flash.code, both.code], [1, 1, 0], both.stderr);
  assert.match(
    ram.stderr,
    /^error: --max-ram: The code is not written, because it needs [\d.]+ KB of RAM, [\d.]+ .*B more than it may; most of it for \w+ .* of the arena/m,
  );
  assert.match(flash.stderr, /^error: --max-flash: .* of flash, .* more than it may; most of it for .*of constants/m);
  assert.deepEqual(
    ['limited0', 'limited1', 'limited2'].map((name) => existsSync(join(folder, name))),
    [false, false, true],
  );
});

test('a module has a name that leads nowhere else', async () => {
  const { code, stderr } = await run('compile net.onnx --target wasm -o inside --no-check --name ../../net');
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(join(folder, 'inside')).sort(), ['net.d.ts', 'net.js', 'net.wasm']);
});

test('what cannot be compiled is said in one line, and nothing is written', async () => {
  const [open, nan, custom] = await Promise.all(['compile open.onnx -o a', 'compile nan.onnx -o b', 'compile custom.onnx -o c2'].map(run));
  const [, advised] = /error: .*"x" has open dimensions\..*--shape "([^"]+)"/.exec(open.stderr) ?? [];
  assert.ok(advised, open.stderr);
  assert.match(nan.stderr, /error: .*"w"/);
  assert.match(custom.stderr, /error: .*my\.domain\.Secret/);
  assert.deepEqual([open.code, nan.code, custom.code], [2, 1, 1]);
  for (const { stderr } of [open, nan, custom])
    assert.equal(
      stderr
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('error:')).length,
      1,
      stderr,
    );
  for (const out of ['a', 'b', 'c2']) assert.ok(!existsSync(join(folder, out)), out);
  const shaped = await run(`compile open.onnx -o shaped --target wasm --shape ${advised}`);
  assert.equal(shaped.code, 0, shaped.stderr);
});
