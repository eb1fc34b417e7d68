import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import type { GraphBuilder, Tensor, Value } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { headOf } from 'espalier/training';
import { shared, skipWithout } from '../support/paths.js';
import { modelOf, normal } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const classes = 5;
type Write = (build: GraphBuilder, x: Value) => Value;

const exp = (build: GraphBuilder, x: Value) => build.op('Exp', [x]);
const sum = (build: GraphBuilder, x: Value, axis = -1) => build.op('ReduceSum', [x, build.ints([axis])]);
const less: Write = (build, x) => build.op('Sub', [x, build.op('ReduceMax', [x], { axes: [1] })]);
const logSum: Write = (build, x) => build.op('Log', [sum(build, exp(build, x))]);
const softmax: Write = (build, x) => {
  const powers = exp(build, x);
  return build.op('Div', [powers, sum(build, powers)]);
};
/** As XLA's exporters write it: reduced without the axis, kept above -∞, and spread over the classes again. */
const spread: Write = (build, x) => {
  const shape = build.ints([4, classes]);
  const back = (value: Value) => build.op('Expand', [build.op('Reshape', [value, build.ints([-1, 1])]), shape]);
  const largest = build.op('ReduceMax', [x], { axes: [1], keepdims: 0 });
  const powers = exp(build, build.op('Sub', [x, back(build.op('Max', [build.scalar(Number.NEGATIVE_INFINITY), largest]))]));
  return build.op('Div', [powers, back(build.op('ReduceSum', [powers, build.ints([1])], { keepdims: 0 }))]);
};
const sigmoid: Write = (build, x) => build.op('Add', [build.scalar(1), exp(build, build.op('Neg', [x]))]);

const softmaxes: Record<string, Write> = {
  'exp over its sum': softmax,
  'less the largest': (build, x) => softmax(build, less(build, x)),
  'spread by Expand': spread,
  'two of each node': (build, x) => build.op('Div', [exp(build, less(build, x)), sum(build, exp(build, less(build, x)))]),
  'times the reciprocal': (build, x) => build.op('Mul', [build.op('Reciprocal', [sum(build, exp(build, x))]), exp(build, x)]),
  'exp of LogSoftmax': (build, x) => exp(build, build.op('LogSoftmax', [x], { axis: -1 })),
  'exp of x - log sum exp': (build, x) => exp(build, build.op('Sub', [x, logSum(build, x)])),
};
const logSoftmaxes: Record<string, Write> = {
  'x - log sum exp': (build, x) => build.op('Sub', [x, logSum(build, x)]),
  'less the largest': (build, x) => build.op('Sub', [less(build, x), logSum(build, less(build, x))]),
  'the largest with the logarithm': (build, x) =>
    build.op('Sub', [x, build.op('Add', [build.op('ReduceMax', [x], { axes: [1] }), logSum(build, less(build, x))])]),
  ReduceLogSumExp: (build, x) => build.op('Sub', [x, build.op('ReduceLogSumExp', [x], { axes: [1] })]),
  'log of Softmax': (build, x) => build.op('Log', [build.op('Softmax', [x], { axis: -1 })]),
  'log of exp over its sum': (build, x) => build.op('Log', [softmax(build, x)]),
};
const sigmoids: Record<string, Write> = {
  'one over': (build, x) => build.op('Div', [build.scalar(1), sigmoid(build, x)]),
  Reciprocal: (build, x) => build.op('Reciprocal', [sigmoid(build, x)]),
};
const others: Record<string, Write> = {
  'a sum over the samples': (build, x) => build.op('Div', [exp(build, x), sum(build, exp(build, x), 0)]),
  'a share of the sum': (build, x) => build.op('Div', [x, sum(build, x)]),
  'the sum of other scores': (build, x) => build.op('Div', [exp(build, x), sum(build, exp(build, build.op('Neg', [x])))]),
  'the largest taken off on one side': (build, x) => build.op('Div', [exp(build, x), sum(build, exp(build, less(build, x)))]),
  'log sum exp of others': (build, x) => build.op('Sub', [x, logSum(build, less(build, x))]),
  'exp of x': exp,
  'x less the largest': less,
};

/** Runs a head behind a Gemm, and gives what it says of itself with its numbers and those of its scores. */
async function headOfWritten(write: Write) {
  const model = modelOf(
    [3],
    (build, x) => write(build, build.op('Gemm', [x, build.parameter('weight', normal([3, classes], 'weight'))])),
    13,
  );
  const [output] = model.graph.outputs;
  const head = headOf(output);
  if (head.logits !== output) model.graph.outputs.push(head.logits);
  const program = await runtime.compile(model);
  const names = [output.name, head.logits.name];
  const found = await program.run({ [model.graph.inputs[0].name]: normal([4, 3], 'x') }, [...new Set(names)]);
  await program.dispose();
  const [values, scores] = names.map((name) => Array.from({ length: 4 }, (_, row) => [...rowOf(found[name], row)]));
  return { head, made: scores === values ? undefined : head.logits.producer?.op, values, scores };
}

function rowOf(tensor: Tensor, row: number) {
  return tensor.toFloat32().slice(row * classes, (row + 1) * classes);
}

function near(name: string, found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  found.forEach((row, i) => {
    row.forEach((value, j) => {
      assert.ok(Math.abs(value - expected[i][j]) < 1e-5, `${name}: ${value}, expected ${expected[i][j]}`);
    });
  });
}

const normalized = (row: readonly number[]) => {
  const total = row.reduce((all, value) => all + Math.exp(value), 0);
  return row.map((value) => Math.exp(value) / total);
};

test('a softmax that is written out has its scores before it', async () => {
  for (const [name, write] of Object.entries(softmaxes)) {
    const { head, made, values, scores } = await headOfWritten(write);
    assert.deepEqual([name, head.kind, head.isActivated, made], [name, 'softmax', true, 'Gemm']);
    near(name, values, scores.map(normalized));
  }
});

test('a log-softmax that is written out is as good as scores', async () => {
  for (const [name, write] of Object.entries(logSoftmaxes)) {
    const { head, values, scores } = await headOfWritten(write);
    assert.deepEqual([name, head.kind, head.isActivated], [name, 'softmax', true]);
    near(name, values.map((row) => row.map(Math.exp)), scores.map(normalized)); // biome-ignore format: one line
  }
});

test('a sigmoid that is written out has its scores before it', async () => {
  for (const [name, write] of Object.entries(sigmoids)) {
    const { head, made, values, scores } = await headOfWritten(write);
    assert.deepEqual([name, head.kind, head.isActivated, made], [name, 'sigmoid', true, 'Gemm']);
    near(name, values, scores.map((row) => row.map((score) => 1 / (1 + Math.exp(-score))))); // biome-ignore format: one line
  }
});

test('what only looks like one is none', async () => {
  for (const [name, write] of Object.entries(others)) {
    const { head, values, scores } = await headOfWritten(write);
    assert.deepEqual([name, head.isActivated, scores], [name, false, values]);
  }
});

const magika = shared('models', 'magika_standard_v3_3.onnx');

test("a real model's that was exported from JAX", { skip: skipWithout(magika, 'shared/models') }, () => {
  const [output] = loadModel(magika as string).graph.outputs;
  const { kind, isActivated, logits } = headOf(output);
  assert.deepEqual([kind, isActivated, logits.producer?.op], ['softmax', true, 'Add']);
});
