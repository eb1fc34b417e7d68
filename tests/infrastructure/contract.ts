// What every implementation of the Runtime contract must do. It also runs in a page: nothing of Node but node:assert/strict, in whose place the
// page has one of its own.
import assert from 'node:assert/strict';
import { OptionError, RuntimeError, Stopped } from 'espalier/base';
import type { CompileOptions, Program, Runtime } from 'espalier/infrastructure/runtime';
import { encodeModel, Graph, GraphBuilder, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { heavyModel, vectorModel } from './models.js';

/** An implementation, and the backend that its programs are compiled for. */
export interface Implementation {
  create(): Runtime;
  backend: NonNullable<CompileOptions['backend']>;
  /** Whether its errors name the node that they are about. onnxruntime-web is built without. */
  namesNodes: boolean;
  /** Whether a program goes on after a run that failed. onnxruntime-web on WebGPU does not. */
  survives: boolean;
}

interface Bench extends Implementation {
  runtime: Runtime;
  compile(model: Model | Uint8Array, options?: CompileOptions): Promise<Program>;
}

const floats = (...values: number[]) => Tensor.from('float32', [values.length], values);
const list = (tensor: Tensor) => [...tensor.numbers()];
const zeros = () => ({ x: Tensor.of('float32', [256, 256], new Float32Array(65536)) });
const sum = () => vectorModel((build, { a, b }) => build.output(build.op('Add', [a, b]), 'y'));

const types = [
  ...(['float32', 'float64', 'float16', 'int8', 'int16', 'int32', 'int64'] as const),
  ...(['uint8', 'uint16', 'uint32', 'uint64', 'bool'] as const),
];

const cases: Record<string, (bench: Bench) => Promise<void>> = {
  'a hand-made model gives the known outputs, from a Model and from bytes': async ({ compile }) => {
    const model = vectorModel((build, { a, b }) => {
      build.output(build.op('Add', [a, b]), 'sum');
      build.output(build.op('Mul', [a, b]), 'product');
    });
    const bytes = encodeModel(model);
    for (const source of [model, bytes]) {
      const program = await compile(source);
      assert.deepEqual([program.inputs, program.outputs].flat(), ['a', 'b', 'sum', 'product']);
      const out = await program.run({ a: floats(1, 2, 3), b: floats(4, 5, -6) });
      assert.deepEqual([list(out.sum), list(out.product)].flat(), [5, 7, -3, 4, 10, -18]);
      // A single output that is not the first one must not be mixed up.
      const one = await program.run({ a: floats(1, 2, 3), b: floats(4, 5, -6) }, ['product']);
      assert.deepEqual(Object.keys(one), ['product']);
      assert.deepEqual(list(one.product), [4, 10, -18]);
      await program.dispose();
    }
    assert.ok(bytes.byteLength > 0, 'bytes that the caller handed over stay usable');
  },

  'a feed that owns its buffer moves, one that is a view is copied': async ({ compile }) => {
    const program = await compile(sum());
    const a = floats(1, 2, 3);
    const view = new Uint8Array(64).subarray(16, 28);
    await program.run({ a, b: new Tensor('float32', [3], view) });
    assert.equal(view.byteLength, 12);
    await assert.rejects(
      program.run({ a, b: floats(1, 2, 3) }),
      (error: Error) => error instanceof OptionError && /handed to a program before/.test(error.message),
    );
    await program.dispose();
  },

  'every type of tensor crosses unchanged': async ({ compile }) => {
    const values = Object.fromEntries(types.map((dtype) => [dtype, /^(u|bool)/.test(dtype) ? [0, 1, 1, 1] : [0, 1, -2, 100]]));
    const program = await compile(identities());
    const feeds = (shape: number[]) =>
      Object.fromEntries(types.map((dtype) => [dtype, Tensor.from(dtype, shape, shape[0] === 0 ? [] : values[dtype])]));
    const texts = ['', 'naïve', '日本語', '🌳'];
    const out = await program.run({ ...feeds([2, 2]), string: Tensor.strings([2, 2], texts) });
    for (const dtype of types) {
      const y = out[`same ${dtype}`];
      assert.deepEqual([y.dtype, y.shape.join(), ...list(y)], [dtype, '2,2', ...values[dtype]]);
    }
    const decoder = new TextDecoder();
    assert.deepEqual(
      out['same string'].stringBytes().map((bytes) => decoder.decode(bytes)),
      texts,
    );
    const empty = await program.run({ ...feeds([0, 2]), string: Tensor.strings([0, 2], []) });
    for (const y of Object.values(empty)) assert.deepEqual(y.shape, [0, 2]);
    const extremes = BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, 0n);
    const wide = { ...feeds([2, 2]), string: Tensor.strings([2, 2], texts), int64: Tensor.of('int64', [2, 2], extremes.slice()) };
    assert.deepEqual((await program.run(wide))['same int64'].data(), extremes);
    await program.dispose();
  },

  'resident state stays in the runtime: 300 steps of adding x give 300 x': async ({ compile }) => {
    const model = vectorModel((build, { a, b }) => {
      const next = build.op('Add', [a, b]);
      build.output(next, 'next');
      build.output(build.op('ReduceSum', [next], { keepdims: 0 }), 'total');
    });
    const start = floats(1, 10, 100);
    const program = await compile(model, { resident: { a: 'next' }, state: { a: start } });
    const steps = await Promise.all(Array.from({ length: 300 }, () => program.run({ b: floats(1, 2, 3) })));
    assert.deepEqual(Object.keys(steps[0]), ['total']);
    assert.deepEqual(list(steps[299].total), [111 + 1800]);
    // Reading the state does not disturb it, and neither does fetching the output that becomes it.
    for (const _ of [1, 2]) assert.deepEqual(list((await program.state()).a), [301, 610, 1000]);
    const out = await program.run({ b: floats(1, 1, 1) }, ['next']);
    assert.deepEqual(list(out.next), [302, 611, 1001]);
    assert.deepEqual(list((await program.run({ b: floats(1, 1, 1) })).total), [303 + 612 + 1002]);
    await program.setState({ a: start });
    assert.deepEqual(list(start), [1, 10, 100]);
    assert.deepEqual(list((await program.run({ b: floats(0, 0, 1) })).total), [112]);
    assert.equal((await program.time({ b: floats(1, 0, 0) }, 5)).length, 5);
    assert.deepEqual(list((await program.state(['a'])).a), [6, 10, 101]);
    await program.dispose();
  },

  'one output may become two resident inputs': async ({ compile }) => {
    const model = vectorModel((build, { a, b }) => build.output(build.op('Add', [a, b]), 'next'));
    const program = await compile(model, { resident: { a: 'next', b: 'next' }, state: { a: floats(1, 0, 0), b: floats(1, 2, 0) } });
    for (let i = 0; i < 3; i++) await program.run({});
    assert.deepEqual(list((await program.state()).b), [8, 8, 0]);
    await program.dispose();
  },

  'a resident input without a source stays as it was set': async ({ compile }) => {
    const model = vectorModel((build, { a, b }) => build.output(build.op('Mul', [a, b]), 'y'));
    const program = await compile(model, { resident: { a: null } });
    await assert.rejects(program.run({ b: floats(1, 1, 1) }), /Resident input "a" has no value/);
    for (const factor of [1, 2]) {
      await program.setState({ a: floats(2 * factor, 3, 4) });
      for (let i = 0; i < 3; i++) assert.deepEqual(list((await program.run({ b: floats(1, i, 2) })).y), [2 * factor, 3 * i, 8]);
    }
    await program.dispose();
  },

  'wrong names, types and shapes are refused, and the program goes on': async ({ compile }) => {
    const program = await compile(sum());
    const good = () => ({ a: floats(1, 2, 3), b: floats(1, 2, 3) });
    const refusal = (word: RegExp) => (e: Error) => e instanceof OptionError && word.test(e.message);
    await assert.rejects(program.run({ a: floats(1, 2, 3) }), refusal(/"b"/));
    await assert.rejects(program.run({ ...good(), c: floats(1) }), refusal(/"c"/));
    await assert.rejects(program.run(good(), ['z']), refusal(/"z".*y/));
    await assert.rejects(program.run({ ...good(), b: Tensor.from('int32', [3], [1, 2, 3]) }), (e: Error) => {
      return e instanceof RuntimeError && e.where === 'input "b"' && e.expected === 'float32' && e.got === 'int32';
    });
    await assert.rejects(program.run({ ...good(), b: floats(1, 2) }), (e: Error) => {
      return e instanceof RuntimeError && e.expected === '[3]' && e.got === '[2]';
    });
    assert.deepEqual(list((await program.run(good())).y), [2, 4, 6]);
    await program.dispose();
  },

  'compile options are validated': async ({ compile }) => {
    await assert.rejects(compile(sum(), { threads: 0 }), OptionError);
    await assert.rejects(compile(sum(), { backend: 'tpu' as 'cpu' }), OptionError);
    await assert.rejects(compile(sum(), { optimize: 'most' as 'all' }), OptionError);
    await assert.rejects(compile(sum(), { resident: { q: null } }), /resident input "q"/);
    await assert.rejects(compile(sum(), { resident: { a: 'q' } }), /"q"/);
    await assert.rejects(compile(sum(), { state: { a: floats(1, 2, 3) } }), OptionError);
    const program = await compile(sum());
    await assert.rejects(program.profile(), OptionError);
    await assert.rejects(program.time({ a: floats(1, 2, 3), b: floats(1, 2, 3) }, 0), OptionError);
    await program.dispose();
  },

  'what does not load is said in the runtime’s words, with the node': async ({ compile, namesNodes }) => {
    await assert.rejects(
      compile(new Uint8Array([1, 2, 3])),
      (e: Error) => e instanceof RuntimeError && /no ONNX model, or is cut short/.test(e.message),
    );
    await assert.rejects(compile(new Uint8Array(0)), RuntimeError);
    const broken = vectorModel((build, { a, b }) => build.output(build.node('Frobnicate', [a, b], {}, { name: 'frob' })[0], 'y'));
    await assert.rejects(compile(broken), (e: Error) => {
      const what = 'ONNX Runtime: No Op registered for Frobnicate with domain_version of 21';
      return e instanceof RuntimeError && (e.where === 'Frobnicate "frob"') === namesNodes && e.what === what;
    });
  },

  'a kernel that fails is said in the runtime’s words, and the program goes on or says why not': async (bench) => {
    const { compile, namesNodes, survives } = bench;
    const graph = new Graph('reshape');
    const build = new GraphBuilder(graph);
    const [x, shape] = [build.input('x', 'float32', [6]), build.input('shape', 'int64', [2])];
    build.output(build.node('Reshape', [x, shape], {}, { name: 'fold' })[0], 'y').type = { kind: 'tensor', dtype: 'float32' };
    const program = await compile(new Model(graph, 21), { optimize: 'none' });
    const feeds = (rows: number) => ({ x: floats(1, 2, 3, 4, 5, 6), shape: Tensor.from('int64', [2], [rows, 2]) });
    await assert.rejects(program.run(feeds(4)), (e: Error) => {
      const said = /ONNX Runtime: The input tensor cannot be reshaped/.test(e.message);
      return e instanceof RuntimeError && said && (e.where === 'Reshape "fold"') === namesNodes;
    });
    if (survives) assert.deepEqual((await program.run(feeds(3))).y.shape, [3, 2]);
    else await assert.rejects(program.run(feeds(3)), (e: Error) => e instanceof RuntimeError && /compile the model again/.test(e.message));
    await program.dispose();
  },

  'outputs that cannot cross are refused by name, the others can be read': async ({ compile }) => {
    const graph = new Graph('mixed');
    const build = new GraphBuilder(graph);
    const x = build.input('x', 'float32', [2]);
    const both = build.op('SequenceConstruct', [x, x]);
    both.type = { kind: 'sequence', element: { kind: 'tensor', dtype: 'float32' } };
    build.output(both, 'both');
    build.output(build.op('Neg', [x]), 'y').type = { kind: 'tensor', dtype: 'float32' };
    const program = await compile(new Model(graph, 21));
    await assert.rejects(program.run({ x: floats(1, 2) }), (e: Error) => e instanceof RuntimeError && e.where === 'output "both"');
    assert.deepEqual(list((await program.run({ x: floats(1, 2) }, ['y'])).y), [-1, -2]);
    await program.dispose();
  },

  'the event loop ticks while programs work side by side': async ({ compile }) => {
    const [a, b] = await Promise.all([compile(heavyModel(20)), compile(heavyModel(20))]);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 2);
    const [one, two] = await Promise.all([a.time(zeros(), 6), b.time(zeros(), 6)]);
    clearInterval(timer);
    assert.ok(ticks >= 3, `${ticks} ticks`);
    assert.deepEqual([one.length, two.length], [6, 6]);
    assert.ok(one.every(({ milliseconds }) => milliseconds > 0));
    await Promise.all([a.dispose(), b.dispose()]);
  },

  'an abort rejects at once, later calls say why': async ({ compile }) => {
    const controller = new AbortController();
    const program = await compile(heavyModel(20), { signal: controller.signal });
    const running = program.time(zeros(), 10_000);
    const queued = program.run(zeros());
    setTimeout(() => controller.abort(), 30);
    await assert.rejects(running, Stopped);
    await assert.rejects(queued, Stopped);
    await assert.rejects(program.run(zeros()), Stopped);
    await program.dispose();
    await assert.rejects(compile(heavyModel(1), { signal: AbortSignal.abort() }), Stopped);
    const late = new AbortController();
    const compiling = compile(heavyModel(20), { signal: late.signal });
    late.abort();
    await assert.rejects(compiling, Stopped);
  },

  'disposing rejects what is under way, may be repeated, and a runtime disposes of its programs': async ({ create, backend }) => {
    const own = create();
    const program = await own.compile(heavyModel(20), { backend });
    const other = await own.compile(heavyModel(1), { backend });
    const running = assert.rejects(program.time(zeros(), 10_000), Stopped);
    await program.dispose();
    await running;
    await program.dispose();
    await assert.rejects(program.run(zeros()), RuntimeError);
    await own.dispose();
    await assert.rejects(other.state(), RuntimeError);
    await assert.rejects(own.compile(heavyModel(1), { backend }), RuntimeError);
  },
};

/** Names of the cases. */
export const contract = Object.keys(cases);

/** Runs a case on an implementation. */
export async function runCase(name: string, implementation: Implementation): Promise<void> {
  const runtime = implementation.create();
  try {
    const { backend } = implementation;
    await cases[name]({ ...implementation, runtime, compile: (model, options) => runtime.compile(model, { backend, ...options }) });
  } finally {
    await runtime.dispose();
  }
}

function identities(): Model {
  const graph = new Graph('identities');
  const build = new GraphBuilder(graph);
  for (const dtype of [...types, 'string'] as const) {
    const x = build.input(dtype, dtype, [SymbolicDim.named('rows'), 2]);
    build.output(build.op('Identity', [x]), `same ${dtype}`).type = { kind: 'tensor', dtype };
  }
  return new Model(graph, 21);
}
