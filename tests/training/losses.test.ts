import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { OptionError } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type GraphBuilder, type Model, Tensor, type Value } from 'espalier/onnx';
import { buildLossGradients, crossEntropy, distillation, followReference, type LossBuilder, TARGETS } from 'espalier/training';
import { modelOf, normal, trainingFixture } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const fixture = trainingFixture<{
  batch: number;
  width: number;
  classes: number;
  x: number[];
  student: number[];
  teacher: number[];
  labels: number[];
  cases: { temperature: number; weight: number; loss: number; gradient: number[] }[];
}>('distillation.json');
const { batch, width, classes } = fixture;

/** Scores x Wᵀ, then whatever is written after them. */
function linear(
  weights: readonly number[],
  write: (build: GraphBuilder, scores: Value) => Value = (_, scores) => scores,
  opset = 17,
  input = 'x',
): Model {
  const model = modelOf(
    [width],
    (build, x) => {
      const weight = build.parameter('weight', Tensor.of('float32', [classes, width], Float32Array.from(weights)));
      return write(build, build.op('Gemm', [x, weight], { transB: 1 }));
    },
    opset,
  );
  model.graph.inputs[0].name = input;
  return model;
}

async function lossAndGradient(
  model: Model,
  loss: LossBuilder,
  x: readonly number[] = fixture.x,
): Promise<{ loss: number; gradient: Float64Array }> {
  const rows = x.length / width;
  const built = buildLossGradients(model, { batchSize: rows, inputShapes: { x: [rows, width] }, loss });
  const program = await runtime.compile(built.model);
  const targets = new Float32Array(batch * classes);
  fixture.labels.forEach((label, row) => {
    targets[row * classes + label] = 1;
  });
  const feeds = {
    x: Tensor.of('float32', [rows, width], Float32Array.from(x)),
    [TARGETS]: Tensor.of('float32', [batch, classes], targets),
  };
  const results = await program.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.includes(name))));
  await program.dispose();
  return { loss: results[built.lossOutput].numbers()[0], gradient: results[built.gradients.get('weight') as string].numbers() };
}

function near(what: string, found: number, expected: number, tolerance = 1e-5): void {
  assert.ok(Math.abs(found - expected) <= tolerance * (1 + Math.abs(expected)), `${what}: ${found}, expected ${expected}`);
}

function same(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < expected.length; i++) near(`element ${i}`, found[i], expected[i]);
}

const softmax = (build: GraphBuilder, scores: Value) => build.op('Softmax', [scores], { axis: 1 });
const teachers: [string, Model][] = [
  ['of scores', linear(fixture.teacher)],
  ['that ends in Softmax', linear(fixture.teacher, softmax)],
  ['that ends in LogSoftmax', linear(fixture.teacher, (build, scores) => build.op('LogSoftmax', [scores], { axis: 1 }))],
  ['of another opset with another input name', linear(fixture.teacher, softmax, 9, 'pixels')],
  [
    'whose scores have more axes',
    linear(fixture.teacher, (build, scores) => build.op('Reshape', [softmax(build, scores), build.ints([-1, classes, 1, 1])])),
  ],
];

for (const { temperature, weight, loss, gradient } of fixture.cases) {
  test(`distillation at temperature ${temperature}, weight ${weight}: loss and gradient are PyTorch's`, async () => {
    for (const [, teacher] of weight === 0.7 ? teachers : teachers.slice(0, 1)) {
      const found = await lossAndGradient(linear(fixture.student), distillation('scores', teacher, { temperature, weight }));
      near('loss', found.loss, loss);
      same(found.gradient, gradient);
    }
  });
}

test('cross entropy takes scores, Softmax, LogSoftmax and scores with more axes alike', async () => {
  const expected = fixture.cases.find(({ weight }) => weight === 0) as (typeof fixture.cases)[number];
  const forms: ((build: GraphBuilder, scores: Value) => Value)[] = [
    (_, scores) => scores,
    softmax,
    (build, scores) => build.op('LogSoftmax', [scores], { axis: 1 }),
    (build, scores) => build.op('Reshape', [scores, build.ints([-1, classes, 1, 1])]),
    (build, scores) =>
      build.op('Squeeze', [build.op('Softmax', [build.op('Unsqueeze', [scores, build.ints([2])])], { axis: 1 }), build.ints([2])]),
    (build, scores) => build.op('Identity', [build.op('Flatten', [softmax(build, scores)])]),
  ];
  for (const form of forms) {
    const found = await lossAndGradient(linear(fixture.student, form), crossEntropy('scores'));
    near('loss', found.loss, expected.loss);
    same(found.gradient, expected.gradient);
  }
});

test('after a Sigmoid each class is a question of its own', async () => {
  const scores = Array.from({ length: batch * classes }, (_, i) => {
    const [row, c] = [Math.floor(i / classes), i % classes];
    let sum = 0;
    for (let d = 0; d < width; d++) sum += fixture.x[row * width + d] * fixture.student[c * width + d];
    return sum;
  });
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  let loss = 0;
  const gradient = new Float64Array(classes * width);
  scores.forEach((z, i) => {
    const [row, c] = [Math.floor(i / classes), i % classes];
    const target = Number(fixture.labels[row] === c);
    loss -= Math.log(target ? sigmoid(z) : 1 - sigmoid(z)) / batch;
    for (let d = 0; d < width; d++) gradient[c * width + d] += ((sigmoid(z) - target) * fixture.x[row * width + d]) / batch;
  });
  const found = await lossAndGradient(
    linear(fixture.student, (build, z) => build.op('Sigmoid', [z])),
    crossEntropy('scores'),
  );
  near('loss', found.loss, loss);
  same(found.gradient, gradient);
});

test('a sigmoid student matches a sigmoid teacher exactly where it is the teacher', async () => {
  const end = (build: GraphBuilder, z: Value) => build.op('Sigmoid', [z]);
  const own = linear(fixture.teacher, end);
  const { gradient } = await lossAndGradient(own, distillation('scores', own, { weight: 1, temperature: 3 }));
  for (const g of gradient) near('gradient', g, 0, 1e-6);
});

test('features add their weighted mean squared difference', async () => {
  const inner = (weights: readonly number[]) =>
    modelOf([width], (build, x) => {
      const weight = build.parameter('weight', Tensor.of('float32', [classes, width], Float32Array.from(weights)));
      const [hidden] = build.node('Gemm', [x, weight], { transB: 1 }, { outputs: ['hidden'] });
      return build.op('Mul', [hidden, build.scalar(2)]);
    });
  const [student, teacher] = [inner(fixture.student), inner(fixture.teacher)];
  const plain = await lossAndGradient(student, distillation('scores', teacher));
  const more = await lossAndGradient(
    student,
    distillation('scores', teacher, { features: [{ student: 'hidden', teacher: 'hidden', weight: 0.5 }] }),
  );
  let expected = 0;
  for (let row = 0; row < batch; row++) {
    for (let c = 0; c < classes; c++) {
      let difference = 0;
      for (let d = 0; d < width; d++)
        difference += fixture.x[row * width + d] * (fixture.student[c * width + d] - fixture.teacher[c * width + d]);
      expected += difference ** 2 / (batch * classes);
    }
  }
  near('loss', more.loss - plain.loss, 0.5 * expected, 1e-4);
});

test('teachers that answer otherwise are refused', () => {
  const build = (teacher: Model, more = {}) =>
    buildLossGradients(linear(fixture.student), {
      batchSize: batch,
      inputShapes: { x: [batch, width] },
      loss: distillation('scores', teacher, more),
    });
  const seven = modelOf([width], (b, x) => b.op('MatMul', [x, b.parameter('weight', normal([width, 7], 'seven'))]));
  assert.throws(
    () => build(seven),
    (error) => error instanceof OptionError && /other classes.*\[6,4\].*\[6,7\]/s.test(error.message),
  );
  assert.throws(
    () => build(linear(fixture.teacher), { features: [{ student: 'scores', teacher: 'nothing', weight: 1 }] }),
    /no value called "nothing"/,
  );
  const [deep] = [linear(fixture.teacher)];
  assert.throws(
    () => build(deep, { features: [{ student: 'scores', teacher: 'weight', weight: 1 }] }),
    (error) => error instanceof OptionError && /different shapes/.test(error.message),
  );
});

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The error of `followReference` by its definition, and its gradient for the weights of `linear`: each channel in units of the teacher's own variance in
 * the batch and a ten-thousandth of the mean one; of fewer than 8 samples, which say nothing of that, in units of all the teacher's power.
 */
function errorByHand(student: readonly number[], teacher: readonly number[], x: readonly number[]) {
  const rows = x.length / width;
  const scores = (weights: readonly number[], row: number, c: number) => {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += x[row * width + d] * weights[c * width + d];
    return sum;
  };
  const all = Array.from({ length: rows }, (_, row) => row);
  const channels = Array.from({ length: classes }, (_, c) => {
    const [got, wanted] = [student, teacher].map((weights) => all.map((row) => scores(weights, row, c)));
    const centre = mean(wanted);
    return { got, wanted, variance: mean(wanted.map((each) => (each - centre) ** 2)) };
  });
  // No channel stays within [0, 1], as scores do, which have a floor of their own.
  assert.ok(channels.every(({ wanted }) => wanted.some((each) => each < 0 || each > 1)));
  const floor = 1e-4 * mean(channels.map(({ variance }) => variance));
  const power = mean(channels.flatMap(({ wanted }) => wanted.map((each) => each ** 2)));
  const scale = channels.map(({ variance }) => (rows < 8 ? power : variance + floor));
  const gradient = new Float64Array(classes * width);
  let loss = 0;
  channels.forEach(({ got, wanted }, c) => {
    got.forEach((each, row) => {
      const share = (each - wanted[row]) / (scale[c] * rows * classes);
      loss += share * (each - wanted[row]);
      for (let d = 0; d < width; d++) gradient[c * width + d] += 2 * share * x[row * width + d];
    });
  });
  return { loss, gradient };
}

test('the error to a reference sums over the outputs, each in units of its own numbers', async () => {
  const two = (weights: readonly number[]) => {
    const model = linear(weights, (build, scores) => {
      build.output(build.op('Mul', [scores, build.scalar(1000)]), 'large');
      return scores;
    });
    return model;
  };
  const [model, reference] = [two(fixture.student), two(fixture.teacher)];
  const single = await lossAndGradient(model, followReference(['scores'], reference));
  const both = await lossAndGradient(model, followReference(['scores', 'large'], reference));
  near('both', both.loss, 2 * single.loss);
  near('itself', (await lossAndGradient(reference, followReference(['scores', 'large'], reference))).loss, 0);
});

test('the error to a reference has its closed form: channels in units of their own variance, few samples of all their power', async () => {
  const many = [...fixture.x, ...(normal([10, width], 'more').data() as Float32Array)];
  // One channel a hundred times larger than the others: it must not outweigh them.
  const uneven = fixture.teacher.map((weight, i) => (i < width ? 100 * weight : weight));
  for (const x of [fixture.x, many]) {
    for (const teacher of [fixture.teacher, uneven]) {
      const found = await lossAndGradient(linear(fixture.student), followReference(['scores'], linear(teacher)), x);
      const expected = errorByHand(fixture.student, teacher, x);
      near('loss', found.loss, expected.loss, 1e-4);
      same(found.gradient, [...expected.gradient]);
    }
  }
});

test('the error to a reference that never moves is in units of its size', async () => {
  const still = (value: number) => {
    const model = modelOf([width], (build, x) => {
      const weight = build.parameter('weight', Tensor.of('float32', [width, 1], new Float32Array(width)));
      return build.op('Add', [build.op('MatMul', [x, weight]), build.scalar(value)]);
    });
    model.graph.inputs[0].name = 'x';
    return model;
  };
  const x = normal([16, width], 'still').data() as Float32Array;
  const { loss } = await lossAndGradient(still(5.5), followReference(['scores'], still(5)), [...x]);
  near('loss', loss, 0.01, 1e-5);
});
