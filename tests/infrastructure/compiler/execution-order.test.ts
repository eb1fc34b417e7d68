import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgetSizes, orderForExecution } from 'espalier/infrastructure/compiler';
import { bytesOf, encodeModel, Graph, Model, type Value } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import * as ort from 'onnxruntime-node';

// ONNX Runtime warns of constants that are inputs as well, which is what the second test is about.
ort.env.logLevel = 'fatal';

const WIDTH = 64;
const LAYERS = 6;

/** Products forwards, and back through them: an upstream gradient and a weight's gradient for each layer, the weights' joined at the end. */
function chain(): Model {
  const graph = new Graph('chain');
  const model = new Model(graph, 21);
  model.irVersion = 10;
  const build = typedBuilder(graph, model.opsets);
  const named = (name: string, inputs: Value[]) => build.node('MatMul', inputs, {}, { name })[0];
  const x = build.input('x', 'float32', [WIDTH, WIDTH]);
  const w = build.input('w', 'float32', [WIDTH, WIDTH]);
  const values = [x];
  for (let layer = 0; layer < LAYERS; layer++) values.push(named(`forward${layer}`, [values[layer], w]));
  let upstream = values[LAYERS];
  const gradients: Value[] = [];
  for (let layer = LAYERS - 1; layer >= 0; layer--) {
    gradients[layer] = named(`weight${layer}`, [values[layer], upstream]);
    if (layer > 0) upstream = named(`upstream${layer}`, [upstream, w]);
  }
  build.output(build.op('Concat', gradients, { axis: 0 }), 'gradients');
  return model;
}

/** Names of the products in the order in which ONNX Runtime runs them. */
async function executed(model: Model): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-order-'));
  try {
    const session = await ort.InferenceSession.create(encodeModel(model), {
      graphOptimizationLevel: 'disabled',
      enableProfiling: true,
      profileFilePrefix: join(folder, 'trace'),
    });
    const square = () => new ort.Tensor('float32', new Float32Array(WIDTH * WIDTH).fill(0.01), [WIDTH, WIDTH]);
    await session.run({ x: square(), w: square() });
    session.endProfiling();
    const [file] = readdirSync(folder);
    const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { name: string }[];
    return events.flatMap(({ name }) => /^((?:forward|weight|upstream)\d+)_kernel_time$/.exec(name)?.[1] ?? []);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function factsOf(graph: Graph) {
  const place = new Map<string, number>();
  const bytes = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      if (!output) continue;
      place.set(output.name, index);
      bytes.set(output.name, bytesOf(output) ?? 0);
    }
  });
  return { place, bytes };
}

test('ONNX Runtime runs the nodes in the order in which they were written, each gradient of a weight as soon as it can', async () => {
  const model = chain();
  const written = model.graph.nodes.map(({ name }) => name).filter((name) => /\d$/.test(name));
  assert.notDeepEqual(await executed(model), written, 'its own order is another');
  orderForExecution(model.graph, factsOf(model.graph));
  assert.deepEqual(await executed(model), written);
});

test('a model whose sizes are hidden gives the same, and asks for no more inputs', async () => {
  const graph = new Graph('shapes');
  const model = new Model(graph, 21);
  model.irVersion = 10;
  const build = typedBuilder(graph, model.opsets);
  const x = build.input('x', 'float32', [2, 6]);
  const reshaped = build.op('Reshape', [build.op('Exp', [x]), build.ints([3, 4])]);
  build.output(build.op('ReduceSum', [reshaped, build.ints([1])], { keepdims: 0 }), 'y');
  const run = async () => {
    const session = await ort.InferenceSession.create(encodeModel(model));
    assert.deepEqual(session.inputNames, ['x']);
    const { y } = await session.run({
      x: new ort.Tensor(
        'float32',
        Float32Array.from({ length: 12 }, (_, i) => i / 7),
        [2, 6],
      ),
    });
    return y.data;
  };
  const before = await run();
  forgetSizes(graph);
  assert.equal(reshaped.shape, undefined);
  assert.deepEqual(await run(), before);
});
