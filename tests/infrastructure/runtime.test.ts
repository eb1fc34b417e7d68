import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OptionError, Random, RuntimeError, UnsupportedError } from 'espalier/base';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type DataType, encodeModel, Graph, GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { root } from '../support/paths.js';
import { runWithSwiftShader, skipWithoutSwiftShader } from '../support/swiftshader.js';
import { contract, runCase } from './contract.js';
import { heavyModel, quantizedModel, vectorModel } from './models.js';

const runtime: Runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const floats = (...values: number[]) => Tensor.from('float32', [values.length], values);
const list = (tensor: Tensor) => [...tensor.numbers()];

for (const name of contract) {
  test(name, () => runCase(name, { create: () => createNodeRuntime({ threads: 1 }), backend: 'cpu', namesNodes: true, survives: true }));
}

test('a model is read from its file; one that is not there is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-test-'));
  const path = join(folder, 'm.onnx');
  writeFileSync(path, encodeModel(vectorModel((build, { a, b }) => build.output(build.op('Add', [a, b]), 'y'))));
  const program = await runtime.compile({ path });
  assert.deepEqual(list((await program.run({ a: floats(1, 2, 3), b: floats(4, 5, -6) })).y), [5, 7, -3]);
  await program.dispose();
  rmSync(folder, { recursive: true });
  await assert.rejects(runtime.compile({ path }), (e) => e instanceof RuntimeError && /m\.onnx.*exist/.test(e.message));
});

test('bytes in a pooled Buffer are copied, not taken', async () => {
  const bytes = encodeModel(vectorModel((build, { a, b }) => build.output(build.op('Sub', [a, b]), 'y')));
  const pooled = Buffer.from(bytes);
  assert.ok(pooled.buffer.byteLength > pooled.byteLength);
  const program = await runtime.compile(pooled);
  const view = Buffer.alloc(64).subarray(16, 28);
  const out = await program.run({ a: new Tensor('float32', [3], view), b: floats(1, 2, 3) });
  assert.deepEqual(list(out.y), [-1, -2, -3]);
  assert.deepEqual([pooled.byteLength, view.byteLength], [bytes.byteLength, 12]);
  await program.dispose();
});

test('WebAssembly is refused, and a number of threads that is none', async () => {
  await assert.rejects(runtime.compile(heavyModel(1), { backend: 'wasm' }), UnsupportedError);
  assert.throws(() => createNodeRuntime({ threads: 1.5 }), OptionError);
});

test('outputs of types that cannot cross are refused by name', async () => {
  const graph = new Graph('mixed');
  const build = new GraphBuilder(graph);
  const x = build.input('x', 'float32', [2]);
  const packed = build.op('QuantizeLinear', [x, build.scalar(1), build.constant(Tensor.scalar('int4', 0))]);
  packed.type = { kind: 'tensor', dtype: 'int4', shape: [2] };
  build.output(packed, 'packed');
  build.output(build.op('Neg', [x]), 'y');
  const program = await runtime.compile(new Model(graph, 21));
  await assert.rejects(program.run({ x: floats(1, 2) }, ['packed']), (e) => e instanceof RuntimeError && /int4/.test(e.message));
  assert.deepEqual(list((await program.run({ x: floats(1, 2) }, ['y'])).y), [-1, -2]);
  await program.dispose();
  await assert.rejects(runtime.compile(identity('bfloat16')), /bfloat16 cannot cross/);
});

test('QuantizeLinear and DequantizeLinear become integer kernels, or stay in floating point when simulated', async () => {
  const kernels = async (simulateQuantization: boolean) => {
    const program = await runtime.compile(quantizedModel(), { simulateQuantization, profile: true });
    const { y } = await program.run({ x: Tensor.from('float32', [1, 4], [0.11, 0.52, -0.31, 1]) });
    const ops = (await program.profile()).map(({ op }) => op);
    await program.dispose();
    return { ops, y: list(y) };
  };
  const fused = await kernels(false);
  const simulated = await kernels(true);
  assert.ok(fused.ops.includes('QLinearMatMul') && !fused.ops.includes('MatMul'), fused.ops.join());
  assert.ok(simulated.ops.includes('MatMul') && !simulated.ops.includes('QLinearMatMul'), simulated.ops.join());
  // x rounds to 0.1, 0.5, -0.3, 1 and the weights are exact: 0.1*1 + 0.5*2 - 0.3*3 + 1*4 = 4.2.
  for (const { y } of [fused, simulated]) assert.ok(Math.abs(y[0] - 4.2) < 1e-5, String(y));
});

test('twenty programs one after another do not pile up memory or threads', async () => {
  for (let i = 0; i < 20; i++) {
    const program = await runtime.compile(heavyModel(1));
    await program.dispose();
  }
  const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0;
  assert.ok(threads < 40, `${threads} threads are left`);
});

test('a thread whose program ended serves the next one, which knows nothing of it; a runtime ends its threads', async () => {
  const own = createNodeRuntime({ threads: 1 });
  const made = (op: string) => own.compile(vectorModel((build, { a, b }) => build.output(build.op(op, [a, b]), 'y')));
  const sizes = { a: floats(4, 6, 9), b: floats(2, 3, 3) };
  const busy = await own.compile(heavyModel(20));
  const x = () => Tensor.from('float32', [256, 256], new Float32Array(65536));
  const queued = [1, 2, 3].map(() => assert.rejects(busy.run({ x: x() }), /disposed/));
  await busy.dispose();
  await Promise.all(queued);
  const found: number[][] = [];
  for (const op of ['Add', 'Sub', 'Mul', 'Div']) {
    const program = await made(op);
    found.push(list((await program.run({ a: floats(...list(sizes.a)), b: floats(...list(sizes.b)) })).y));
    await program.dispose();
  }
  assert.deepEqual(found, [
    [6, 9, 12],
    [2, 3, 6],
    [8, 18, 27],
    [2, 2, 3],
  ]);
  const [one, other] = [await made('Add'), await made('Sub')];
  const answers = [one, other].map((program) => program.run({ a: floats(...list(sizes.a)), b: floats(...list(sizes.b)) }));
  assert.deepEqual(
    (await Promise.all(answers)).map(({ y }) => list(y)),
    [
      [6, 9, 12],
      [2, 3, 6],
    ],
  );
  const threads = () => (process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0);
  const before = threads();
  await own.dispose();
  // The system may list a thread for a moment after its end.
  while (threads() > Math.max(0, before - 2)) await new Promise((resolve) => setTimeout(resolve, 10));
});

test('the same bytes come out of every run, with one thread and with two', async () => {
  const random = new Random(7);
  const values = Float32Array.from({ length: 65536 }, () => random.normal());
  const outputs: Uint8Array[] = [];
  for (const threads of [1, 1, 2, 2]) {
    const program = await runtime.compile(heavyModel(3), { threads });
    for (let i = 0; i < 2; i++)
      outputs.push((await program.run({ x: Tensor.of('float32', [256, 256], values.slice()) })).y.bytes().slice());
    await program.dispose();
  }
  for (const bytes of outputs.slice(1, 4)) assert.deepEqual(bytes, outputs[0]);
  for (const bytes of outputs.slice(5)) assert.deepEqual(bytes, outputs[4]);
});

test('a profile lists the nodes, the costly one first, and leaves no files', async () => {
  const program = await runtime.compile(heavyModel(1), { profile: true, optimize: 'none' });
  await program.time({ x: Tensor.from('float32', [256, 256], new Float32Array(65536).fill(1)) }, 4);
  const timings = await program.profile();
  assert.deepEqual(timings.map(({ op }) => op).sort(), ['MatMul', 'Relu']);
  assert.equal(timings[0].op, 'MatMul');
  assert.ok(timings.every(({ runs, microseconds }) => runs === 4 && microseconds > 0));
  assert.deepEqual(await program.profile(), timings);
  const memory = await program.memory();
  assert.ok(memory !== undefined && memory > 1e7);
  await program.dispose();
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith(`espalier-profile-${process.pid}-`)),
    [],
  );
});

test('a process that exits in the middle of a run exits cleanly, and one that forgets to dispose still ends', () => {
  const script = (end: string) => `
    import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
    import { Tensor } from 'espalier/onnx';
    import { heavyModel } from './build/tests/infrastructure/models.js';
    const program = await createNodeRuntime({ threads: 1 }).compile(heavyModel(100));
    const x = () => Tensor.from('float32', [256, 256], new Float32Array(65536));
    await program.run({ x: x() });
    ${end}`;
  const run = (end: string) => spawnSync(process.execPath, ['--input-type=module', '-e', script(end)], { cwd: root, encoding: 'utf8' });
  const busy = run(`program.time({ x: x() }, 10000); setTimeout(() => process.exit(3), 40);`);
  assert.deepEqual([busy.status, busy.stderr], [3, '']);
  const forgetful = run('');
  assert.deepEqual([forgetful.status, forgetful.stderr], [0, '']);
  const thrown = run(`program.time({ x: x() }, 10000); setTimeout(() => { throw new Error('boom'); }, 40);`);
  assert.equal(thrown.status, 1);
  assert.match(thrown.stderr, /boom/);
});

test('the WebGPU backend gives what the CPU gives', { skip: skipWithoutSwiftShader }, async () => {
  const said = await runWithSwiftShader(`
    import assert from 'node:assert/strict';
    import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
    import { makeFeeds } from 'espalier/infrastructure/hardware';
    import { convolutionModel } from './build/tests/infrastructure/models.js';
    const runtime = createNodeRuntime({ threads: 1 });
    const [cpu, gpu] = await Promise.all(['cpu', 'webgpu'].map(async (backend) => {
      const program = await runtime.compile(convolutionModel(), { backend });
      return (await program.run(makeFeeds(convolutionModel()))).y.numbers();
    }));
    cpu.forEach((value, i) => assert.ok(Math.abs(value - gpu[i]) < 1e-5, cpu + ' ' + gpu));
    await runtime.dispose();
    console.log('same');`);
  assert.equal(said.trim(), 'same');
});

function identity(dtype: DataType): Model {
  const graph = new Graph('identity');
  const build = new GraphBuilder(graph);
  const y = build.op('Identity', [build.input('x', dtype, [])]);
  graph.inputs[0].type = { kind: 'tensor', dtype };
  y.type = { kind: 'tensor', dtype };
  build.output(y, 'y');
  return new Model(graph, 21);
}
