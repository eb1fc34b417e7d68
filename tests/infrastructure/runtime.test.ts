import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OptionError, Random, RuntimeError, Stopped, UnsupportedError } from 'espalier/base';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type DataType, encodeModel, Graph, GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { root } from '../support/paths.js';
import { heavyModel, quantizedModel, vectorModel } from './models.js';

const runtime: Runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const floats = (...values: number[]) => Tensor.from('float32', [values.length], values);
const list = (tensor: Tensor) => [...tensor.numbers()];

test('a hand-made model gives the known outputs, from a Model, from bytes and from a file', async () => {
  const model = vectorModel((build, { a, b }) => {
    build.output(build.op('Add', [a, b]), 'sum');
    build.output(build.op('Mul', [a, b]), 'product');
  });
  const bytes = encodeModel(model);
  const folder = mkdtempSync(join(tmpdir(), 'espalier-test-'));
  writeFileSync(join(folder, 'm.onnx'), bytes);
  for (const source of [model, bytes, { path: join(folder, 'm.onnx') }]) {
    const program = await runtime.compile(source);
    assert.deepEqual(
      [program.inputs, program.outputs],
      [
        ['a', 'b'],
        ['sum', 'product'],
      ],
    );
    const out = await program.run({ a: floats(1, 2, 3), b: floats(4, 5, -6) });
    assert.deepEqual(list(out.sum), [5, 7, -3]);
    assert.deepEqual(list(out.product), [4, 10, -18]);
    // A single output that is not the first one must not be mixed up.
    const one = await program.run({ a: floats(1, 2, 3), b: floats(4, 5, -6) }, ['product']);
    assert.deepEqual(Object.keys(one), ['product']);
    assert.deepEqual(list(one.product), [4, 10, -18]);
    await program.dispose();
  }
  rmSync(folder, { recursive: true });
  assert.ok(bytes.byteLength > 0, 'bytes that the caller handed over stay usable');
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

test('a feed that owns its buffer moves; using it again is refused in words', async () => {
  const program = await runtime.compile(vectorModel((build, { a, b }) => build.output(build.op('Add', [a, b]), 'y')));
  const a = floats(1, 2, 3);
  await program.run({ a, b: a });
  await assert.rejects(
    program.run({ a, b: floats(1, 2, 3) }),
    (error) => error instanceof OptionError && /handed to a program before/.test(error.message),
  );
  await program.dispose();
});

const identities: [DataType, Tensor][] = [
  ...(['float32', 'float64', 'float16', 'int8', 'int16', 'int32', 'int64'] as const).map((dtype): [DataType, Tensor] => [
    dtype,
    Tensor.from(dtype, [2, 2], [0, 1, -2, 100]),
  ]),
  ...(['uint8', 'uint16', 'uint32', 'uint64', 'bool'] as const).map((dtype): [DataType, Tensor] => [
    dtype,
    Tensor.from(dtype, [4], [0, 1, 1, 1]),
  ]),
];

for (const [dtype, tensor] of identities) {
  test(`${dtype} crosses unchanged`, async () => {
    const program = await runtime.compile(identity(dtype));
    const expected = list(tensor);
    const { y } = await program.run({ x: tensor });
    assert.equal(y.dtype, dtype);
    assert.deepEqual(list(y), expected);
    const { y: empty } = await program.run({ x: Tensor.from(dtype, [0, 2], []) });
    assert.deepEqual(empty.shape, [0, 2]);
    await program.dispose();
  });
}

test('the extremes of 64-bit integers and texts in any script cross unchanged', async () => {
  const integers = await runtime.compile(identity('int64'));
  const extremes = BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n);
  const { y } = await integers.run({ x: Tensor.of('int64', [3], extremes.slice()) });
  assert.deepEqual(y.data(), extremes);
  const texts = await runtime.compile(identity('string'));
  const out = await texts.run({ x: Tensor.strings([2, 2], ['', 'naïve', '日本語', '🌳']) });
  assert.deepEqual(out.y.shape, [2, 2]);
  assert.deepEqual(
    out.y.stringBytes().map((bytes) => new TextDecoder().decode(bytes)),
    ['', 'naïve', '日本語', '🌳'],
  );
  await Promise.all([integers.dispose(), texts.dispose()]);
});

test('resident state stays in the runtime: 1000 steps of adding x give 1000 x', async () => {
  const model = vectorModel((build, { a, b }) => {
    const next = build.op('Add', [a, b]);
    build.output(next, 'next');
    build.output(build.op('ReduceSum', [next], { keepdims: 0 }), 'total');
  });
  const start = floats(1, 10, 100);
  const program = await runtime.compile(model, { resident: { a: 'next' }, state: { a: start } });
  const steps = await Promise.all(Array.from({ length: 1000 }, () => program.run({ b: floats(1, 2, 3) })));
  assert.deepEqual(Object.keys(steps[0]), ['total']);
  assert.deepEqual(list(steps[999].total), [111 + 6000]);
  assert.deepEqual(list((await program.state()).a), [1001, 2010, 3100]);
  // Fetching the output that becomes the state copies it.
  const out = await program.run({ b: floats(1, 1, 1) }, ['next']);
  assert.deepEqual(list(out.next), [1002, 2011, 3101]);
  await program.setState({ a: start });
  assert.deepEqual(list(start), [1, 10, 100]);
  assert.deepEqual(list((await program.run({ b: floats(0, 0, 1) })).total), [112]);
  assert.equal((await program.time({ b: floats(1, 0, 0) }, 5)).length, 5);
  assert.deepEqual(list((await program.state(['a'])).a), [6, 10, 101]);
  await program.dispose();
});

test('a resident input without a source stays as it was set', async () => {
  const model = vectorModel((build, { a, b }) => build.output(build.op('Mul', [a, b]), 'y'));
  const program = await runtime.compile(model, { resident: { a: null } });
  await assert.rejects(program.run({ b: floats(1, 1, 1) }), /Resident input "a" has no value/);
  await program.setState({ a: floats(2, 3, 4) });
  for (let i = 0; i < 3; i++) assert.deepEqual(list((await program.run({ b: floats(1, i, 2) })).y), [2, 3 * i, 8]);
  await program.dispose();
});

test('wrong names, types and shapes are refused, and the program goes on', async () => {
  const program = await runtime.compile(vectorModel((build, { a, b }) => build.output(build.op('Add', [a, b]), 'y')));
  const good = () => ({ a: floats(1, 2, 3), b: floats(1, 2, 3) });
  await assert.rejects(program.run({ a: floats(1, 2, 3) }), (e) => e instanceof OptionError && /"b"/.test(e.message));
  await assert.rejects(program.run({ ...good(), c: floats(1) }), (e) => e instanceof OptionError && /"c"/.test(e.message));
  await assert.rejects(program.run(good(), ['z']), (e) => e instanceof OptionError && /"z".*y/.test(e.message));
  await assert.rejects(program.run({ ...good(), b: Tensor.from('int32', [3], [1, 2, 3]) }), (e) => {
    return e instanceof RuntimeError && e.where === 'input "b"' && e.expected === 'float32' && e.got === 'int32';
  });
  await assert.rejects(
    program.run({ ...good(), b: floats(1, 2) }),
    (e) => e instanceof RuntimeError && e.expected === '[3]' && e.got === '[2]',
  );
  assert.deepEqual(list((await program.run(good())).y), [2, 4, 6]);
  await program.dispose();
});

test('compile options are validated', async () => {
  const model = vectorModel((build, { a, b }) => build.output(build.op('Add', [a, b]), 'y'));
  await assert.rejects(runtime.compile(model, { threads: 0 }), OptionError);
  await assert.rejects(runtime.compile(model, { backend: 'wasm' }), UnsupportedError);
  await assert.rejects(runtime.compile(model, { optimize: 'most' as 'all' }), OptionError);
  await assert.rejects(runtime.compile(model, { resident: { q: null } }), /resident input "q"/);
  await assert.rejects(runtime.compile(model, { resident: { a: 'q' } }), /"q"/);
  await assert.rejects(runtime.compile(model, { state: { a: floats(1, 2, 3) } }), OptionError);
  assert.throws(() => createNodeRuntime({ threads: 1.5 }), OptionError);
  const program = await runtime.compile(model);
  await assert.rejects(program.profile(), OptionError);
  await assert.rejects(program.time({ a: floats(1, 2, 3), b: floats(1, 2, 3) }, 0), OptionError);
  await program.dispose();
});

test('what does not load is said in the runtime’s words, with the node, and no process output', async () => {
  await assert.rejects(
    runtime.compile(new Uint8Array([1, 2, 3])),
    (e) => e instanceof RuntimeError && /no ONNX model, or is cut short/.test(e.message),
  );
  await assert.rejects(runtime.compile(new Uint8Array(0)), RuntimeError);
  await assert.rejects(
    runtime.compile({ path: '/no/such/model.onnx' }),
    (e) => e instanceof RuntimeError && /model\.onnx.*exist/.test(e.message),
  );
  const broken = vectorModel((build, { a, b }) => build.output(build.node('Frobnicate', [a, b], {}, { name: 'frob' })[0], 'y'));
  await assert.rejects(runtime.compile(broken), (e) => {
    return (
      e instanceof RuntimeError &&
      e.where === 'Frobnicate "frob"' &&
      e.what === 'ONNX Runtime: No Op registered for Frobnicate with domain_version of 21'
    );
  });
});

test('a kernel that fails names its node, and the program goes on', async () => {
  const graph = new Graph('gather');
  const build = new GraphBuilder(graph);
  const index = build.input('i', 'int64', [1]);
  build.output(build.node('Gather', [build.constant(floats(5, 6, 7)), index], {}, { name: 'look' })[0], 'y');
  const program = await runtime.compile(new Model(graph, 21), { optimize: 'none' });
  await assert.rejects(program.run({ i: Tensor.from('int64', [1], [9]) }), (e) => {
    return (
      e instanceof RuntimeError && e.where === 'Gather "look"' && /^ONNX Runtime: indices element out of data bounds, idx=9/.test(e.what)
    );
  });
  assert.deepEqual(list((await program.run({ i: Tensor.from('int64', [1], [2]) })).y), [7]);
  await program.dispose();
});

test('outputs that cannot cross are refused by name, the others can be read', async () => {
  const graph = new Graph('mixed');
  const build = new GraphBuilder(graph);
  const x = build.input('x', 'float32', [2]);
  const both = build.op('SequenceConstruct', [x, x]);
  both.type = { kind: 'sequence', element: { kind: 'tensor', dtype: 'float32' } };
  build.output(both, 'both');
  const packed = build.op('QuantizeLinear', [x, build.scalar(1), build.constant(Tensor.scalar('int4', 0))]);
  packed.type = { kind: 'tensor', dtype: 'int4', shape: [2] };
  build.output(packed, 'packed');
  build.output(build.op('Neg', [x]), 'y');
  const program = await runtime.compile(new Model(graph, 21));
  await assert.rejects(program.run({ x: floats(1, 2) }), (e) => e instanceof RuntimeError && e.where === 'output "both"');
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

test('the event loop ticks while a program works, and two programs work side by side', async () => {
  const [a, b] = await Promise.all([runtime.compile(heavyModel(40)), runtime.compile(heavyModel(40))]);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 2);
  const x = () => ({ x: Tensor.from('float32', [256, 256], new Float32Array(65536).fill(0.5)) });
  const first = a.time(x(), 12);
  const second = b.time(x(), 12);
  const [one, two] = await Promise.all([first, second]);
  clearInterval(timer);
  assert.ok(ticks >= 3, `${ticks} ticks`);
  assert.deepEqual([one.length, two.length], [12, 12]);
  assert.ok(one.every(({ milliseconds }) => milliseconds > 0));
  await Promise.all([a.dispose(), b.dispose()]);
});

test('an abort rejects at once, the run under way ends in peace, later calls say why', async () => {
  const controller = new AbortController();
  const program = await runtime.compile(heavyModel(40), { signal: controller.signal });
  const x = () => ({ x: Tensor.from('float32', [256, 256], new Float32Array(65536)) });
  const running = program.time(x(), 10_000);
  const queued = program.run(x());
  setTimeout(() => controller.abort(), 30);
  await assert.rejects(running, Stopped);
  await assert.rejects(queued, Stopped);
  await assert.rejects(program.run(x()), Stopped);
  await program.dispose();
  await assert.rejects(runtime.compile(heavyModel(1), { signal: AbortSignal.abort() }), Stopped);
  const late = new AbortController();
  const compiling = runtime.compile(heavyModel(40), { signal: late.signal });
  setImmediate(() => late.abort());
  await assert.rejects(compiling, Stopped);
});

test('disposing rejects what is under way, may be repeated, and a runtime disposes of its programs', async () => {
  const own = createNodeRuntime({ threads: 1 });
  const program = await own.compile(heavyModel(20));
  const other = await own.compile(heavyModel(1));
  const running = assert.rejects(program.time({ x: Tensor.from('float32', [256, 256], new Float32Array(65536)) }, 10_000), Stopped);
  await program.dispose();
  await running;
  await program.dispose();
  await assert.rejects(program.run({}), (e) => e instanceof OptionError || e instanceof RuntimeError);
  await own.dispose();
  await assert.rejects(other.state(), RuntimeError);
  await assert.rejects(own.compile(heavyModel(1)), RuntimeError);
});

test('twenty programs one after another do not pile up memory or threads', async () => {
  for (let i = 0; i < 20; i++) {
    const program = await runtime.compile(heavyModel(1));
    await program.dispose();
  }
  const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0;
  assert.ok(threads < 40, `${threads} threads are left`);
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
  const run = (end: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script(end)], { cwd: root, encoding: 'utf8', timeout: 60_000 });
  const busy = run(`program.time({ x: x() }, 10000); setTimeout(() => process.exit(3), 40);`);
  assert.deepEqual([busy.status, busy.stderr], [3, '']);
  const forgetful = run('');
  assert.deepEqual([forgetful.status, forgetful.stderr], [0, '']);
  const thrown = run(`program.time({ x: x() }, 10000); setTimeout(() => { throw new Error('boom'); }, 40);`);
  assert.equal(thrown.status, 1);
  assert.match(thrown.stderr, /boom/);
});

/** Debian's chromium package brings SwiftShader, a graphics driver in software, and the Vulkan loader. */
const chromium = '/usr/lib/chromium';
const driver = join(chromium, 'vk_swiftshader_icd.json');

test('the WebGPU backend gives what the CPU gives', { skip: existsSync(driver) ? false : 'there is no SwiftShader here' }, () => {
  const script = `
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
    console.log('same');`;
  const env = { ...process.env, LD_LIBRARY_PATH: chromium, VK_DRIVER_FILES: driver };
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8', timeout: 60_000, env });
  assert.equal(done.stdout.trim(), 'same', done.stderr);
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
