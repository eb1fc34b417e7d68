import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, type GraphBuilder, Model, Tensor } from 'espalier/onnx';
import { TRAINING_OPSET, typedBuilder } from 'espalier/ops';
import { buildTrainingStep, crossEntropy, SEED_INPUT, TARGETS } from 'espalier/training';
import { toTrainingForm } from '#dist/training/forms.js';
import { normal, smallMlp } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const SIZE = 40_000;
/** Deviations that a fair coin's count is allowed: one false alarm in some million. */
const SIGMAS = 5;

/** What dropouts of the given ratios leave of ones, for each of the seeds. */
async function dropped(ratios: readonly number[], seeds: readonly number[]): Promise<Float32Array[][]> {
  const graph = new Graph('dropouts');
  const model = new Model(graph, TRAINING_OPSET);
  const build: GraphBuilder = typedBuilder(graph, model.opsets);
  const x = build.input('x', 'float32', [SIZE / 100, 100]);
  for (const ratio of ratios) build.output(build.op('Dropout', [x, build.scalar(ratio)]));
  toTrainingForm(build, build.input(SEED_INPUT, 'uint32', []));
  const program = await runtime.compile(model);
  const found: Float32Array[][] = [];
  for (const seed of seeds) {
    const ones = Tensor.of('float32', [SIZE / 100, 100], new Float32Array(SIZE).fill(1));
    const results = await program.run({ x: ones, [SEED_INPUT]: Tensor.scalar('uint32', seed) });
    found.push(graph.outputs.map(({ name }) => results[name].data() as Float32Array));
  }
  await program.dispose();
  return found;
}

function share(mask: Float32Array): number {
  return mask.reduce((count, value) => count + Number(value !== 0), 0) / mask.length;
}

/** How far the number of places at which both masks keep is from that of independent ones, in deviations. */
function dependence(a: Float32Array, b: Float32Array, shift = 0): number {
  const [p, q] = [share(a), share(b)];
  let both = 0;
  for (let i = 0; i < a.length - shift; i++) both += Number(a[i] !== 0 && b[i + shift] !== 0);
  const count = a.length - shift;
  const deviation = Math.sqrt(count * p * q * (1 - p) * (1 - q));
  return Math.abs(both - count * p * q) / deviation;
}

test('the wanted share is dropped, and the rest scaled so that the mean stays', async () => {
  const ratios = [0.1, 0.5, 0.8];
  const [masks] = await dropped(ratios, [7]);
  masks.forEach((mask, i) => {
    const keep = 1 - ratios[i];
    const deviation = Math.sqrt((keep * (1 - keep)) / SIZE);
    assert.ok(Math.abs(share(mask) - keep) < SIGMAS * deviation, `ratio ${ratios[i]} keeps ${share(mask)}`);
    for (const value of mask) assert.ok(value === 0 || Math.abs(value - 1 / keep) < 1e-6);
  });
});

test('steps, layers and neighbouring elements are independent', async () => {
  const masks = await dropped([0.5, 0.5, 0.3], [0, 1, 2, 1_000_003, 2 ** 31 - 1]);
  const all = masks.flat();
  for (let i = 0; i < all.length; i++)
    for (let j = 0; j < i; j++) assert.ok(dependence(all[i], all[j]) < SIGMAS, `masks ${i} and ${j}: ${dependence(all[i], all[j])}`);
  for (const shift of [1, 2, 10, 100, 256, 1000]) {
    assert.ok(dependence(all[0], all[0], shift) < SIGMAS, `shifted by ${shift}`);
    assert.ok(dependence(all[0], all[3], shift) < SIGMAS, `the next step shifted by ${shift}`);
  }
});

test('the same seed drops the same', async () => {
  const [a, b] = [await dropped([0.5], [42]), await dropped([0.5], [42])];
  assert.deepEqual(a, b);
});

test('the gradient of a net with dropout agrees with finite differences where the seed stays', async () => {
  const batchSize = 16;
  const step = buildTrainingStep(smallMlp({ dropout: 0.4 }), {
    batchSize,
    inputShapes: { x: [batchSize, 6] },
    loss: crossEntropy('scores'),
    optimizer: { kind: 'sgd', momentum: 0 },
  });
  const program = await runtime.compile(step.model, { resident: step.resident, state: step.state });
  const random = new Random(4);
  const targets = new Float32Array(batchSize * 3);
  for (let row = 0; row < batchSize; row++) targets[row * 3 + random.integer(3)] = 1;
  /** Loss of given weights, which a step at this rate changes. */
  const run = async (state: Record<string, Tensor>, rate: number, seed = 5) => {
    await program.setState(state);
    const result = await program.run({
      x: normal([batchSize, 6], 'x'),
      [TARGETS]: Tensor.of('float32', [batchSize, 3], targets.slice()),
      [SEED_INPUT]: Tensor.scalar('uint32', seed),
      'espalier.rate': Tensor.scalar('float32', rate),
    });
    return { loss: result[step.lossOutput].numbers()[0], state: await program.state() };
  };
  const moved = await run(step.state, 1);
  assert.notEqual(moved.loss, (await run(step.state, 1, 6)).loss);
  for (const [name, tensor] of Object.entries(step.state)) {
    const start = tensor.numbers();
    const gradient = moved.state[name].numbers().map((after, i) => start[i] - after);
    const norm2 = gradient.reduce((sum, g) => sum + g * g, 0);
    const length = 1e-3 / Math.sqrt(norm2);
    const at = (sign: number) => ({
      ...step.state,
      [name]: Tensor.of(
        'float32',
        tensor.shape,
        Float32Array.from(start, (w, i) => w + sign * length * gradient[i]),
      ),
    });
    const measured = ((await run(at(1), 0)).loss - (await run(at(-1), 0)).loss) / (2 * length);
    assert.ok(Math.abs(measured / norm2 - 1) < 0.02, `${name}: ${measured} measured, ${norm2} computed`);
  }
  await program.dispose();
});

test('dropout of everything is refused', () => {
  const model = smallMlp({ dropout: 1 });
  assert.throws(
    () => buildTrainingStep(model, { batchSize: 2, inputShapes: { x: [2, 6] }, loss: crossEntropy('scores'), optimizer: { kind: 'sgd' } }),
    /ratio to drop by.*\[0, 1\)/s,
  );
});
