// What many samples read from one row is added up in several threads: nothing may be lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addGradients } from 'espalier/autodiff';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, type GraphBuilder, Model, Tensor, type Value } from 'espalier/onnx';
import { inferShapes, typedBuilder } from 'espalier/ops';

const [ROWS, WIDTH, READS] = [100, 16, 200_000];

type Read = (build: GraphBuilder, table: Value, places: Value) => Value;

const ways: Record<string, Read> = {
  Gather: (build, table, places) => build.op('Gather', [table, places]),
  GatherND: (build, table, places) => build.op('GatherND', [table, build.op('Reshape', [places, build.ints([READS, 1])])]),
};

for (const [name, read] of Object.entries(ways))
  test(`the gradient of ${name} in eight threads: each row gets what all its readers send back`, async () => {
    const graph = new Graph(name);
    const model = new Model(graph, 18);
    const build = typedBuilder(graph, model.opsets);
    const table = build.input('table', 'float32', [ROWS, WIDTH]);
    const places = build.input('places', 'int64', [READS]);
    const upstream = build.input('upstream', 'float32', [READS, WIDTH]);
    const gradients = addGradients({ build, opsets: model.opsets, from: new Map([[read(build, table, places), upstream]]), to: [table] });
    build.output(gradients.get(table) ?? assert.fail(), 'gradient');
    inferShapes(model);
    const runtime = createNodeRuntime();
    const program = await runtime.compile(model, { threads: 8 });
    const given = () => ({
      table: Tensor.of('float32', [ROWS, WIDTH], new Float32Array(ROWS * WIDTH)),
      places: Tensor.of(
        'int64',
        [READS],
        BigInt64Array.from({ length: READS }, (_, i) => BigInt(i % ROWS)),
      ),
      upstream: Tensor.of('float32', [READS, WIDTH], new Float32Array(READS * WIDTH).fill(1)),
    });
    // A race is not lost every time.
    for (let round = 0; round < 5; round++) {
      const tensors: Record<string, Tensor> = given();
      const feeds = Object.fromEntries(program.inputs.map((input) => [input, tensors[input]]));
      const { gradient } = await program.run(feeds, ['gradient']);
      assert.deepEqual(new Set(gradient.numbers()), new Set([READS / ROWS]));
    }
    await program.dispose();
    await runtime.dispose();
  });
