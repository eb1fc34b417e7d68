import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, Model, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { buildTrainingStep, type LossBuilder } from 'espalier/training';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const MEAN = 3000;
const EPSILON = 1e-5;
const MOMENTUM = 0.75;

/** The normalized data weighted by fixed numbers, summed. */
const loss =
  (upstream: Tensor): LossBuilder =>
  ({ build, value }) =>
    build.op('ReduceSum', [build.op('Mul', [value('y'), build.constant(upstream)])], { keepdims: 0 });

for (const shape of [
  [64, 3],
  [8, 3, 10],
  [4, 16, 6, 8],
]) {
  test(`statistics of ${shape} with a mean far above the deviation, against double precision`, async () => {
    const random = new Random(`normalization ${shape}`);
    const channels = shape[1];
    const size = shape.reduce((a, b) => a * b, 1);
    const x = Float32Array.from({ length: size }, () => MEAN + random.normal());
    const g = Float32Array.from({ length: size }, () => random.normal());
    const graph = new Graph('normalization');
    const build = typedBuilder(graph, new Map([['', 21]]));
    const vector = (name: string, number: number) =>
      build.parameter(name, Tensor.from('float32', [channels], new Array<number>(channels).fill(number)));
    const inputs = [build.input('x', 'float32', shape), vector('scale', 1), vector('shift', 0), vector('mean', 10), vector('variance', 2)];
    build.output(build.op('BatchNormalization', inputs, { epsilon: EPSILON, momentum: MOMENTUM }), 'y');
    const step = buildTrainingStep(new Model(graph, 21), {
      batchSize: shape[0],
      inputShapes: { x: shape },
      loss: loss(Tensor.of('float32', shape, g)),
      optimizer: { kind: 'sgd', momentum: 0 },
    });
    const program = await runtime.compile(step.model, { resident: step.resident, state: step.state });
    await program.run({ x: Tensor.of('float32', shape, x.slice()), 'espalier.rate': Tensor.scalar('float32', 1) });
    const weights = step.weights(await program.state());
    await program.dispose();

    const inner = size / shape[0] / channels;
    for (let channel = 0; channel < channels; channel++) {
      const places = Array.from({ length: size }, (_, i) => i).filter((i) => Math.floor(i / inner) % channels === channel);
      const mean = places.reduce((sum, i) => sum + x[i], 0) / places.length;
      const variance = places.reduce((sum, i) => sum + (x[i] - mean) ** 2, 0) / places.length;
      const normal = (i: number) => (x[i] - mean) / Math.sqrt(variance + EPSILON);
      const expected: Record<string, number> = {
        mean: MOMENTUM * 10 + (1 - MOMENTUM) * mean,
        variance: MOMENTUM * 2 + (1 - MOMENTUM) * variance,
        scale: 1 - places.reduce((sum, i) => sum + g[i] * normal(i), 0),
        shift: -places.reduce((sum, i) => sum + g[i], 0),
      };
      for (const [name, wanted] of Object.entries(expected)) {
        const got = Number(weights.get(name)?.numbers()[channel]);
        const allowed = name === 'scale' ? 0.02 : 1e-5 * Math.max(1, Math.abs(wanted));
        assert.ok(Math.abs(got - wanted) <= allowed, `${name}[${channel}]: ${got}, in double precision ${wanted}`);
      }
    }
  });
}
