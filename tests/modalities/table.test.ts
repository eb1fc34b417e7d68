import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from 'espalier/base';
import { applyPreprocess, channelStatistics, type DataSource, datasetsFromTables, tableFromCsv } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask, freshModel, preprocessesFor } from 'espalier/modalities';
import { encodeModel } from 'espalier/onnx';
import { growImproveShrink, prepareArchitecture, techniques } from 'espalier/strategies';
import { evaluate, train } from 'espalier/training';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

function source(csv: string): DataSource {
  const { train: part } = datasetsFromTables({ train: tableFromCsv(new TextEncoder().encode(csv), 't.csv') }, {});
  assert.ok(part);
  return { name: 't.csv', format: 'table', train: part, close: async () => undefined };
}

test('encodings by the width that a model takes; medians and most frequent categories for what is missing', async () => {
  const { train: rows } = source('n,c,y\n1,b,0\n,a,1\n5,,0\n2,b,1\n');
  const [spec] = rows.inputs;
  const statistics = await channelStatistics(rows);
  assert.deepEqual(statistics.fill, [2, 1]);
  const ways = (width: number) => preprocessesFor(spec, { shape: [null, width] }, statistics);
  assert.deepEqual(
    ways(3).map(({ name }) => name),
    ['raw one-hot', 'dataset one-hot'],
  );
  assert.deepEqual(
    ways(2).map(({ name }) => name),
    ['raw codes', 'dataset codes'],
  );
  const batch = await rows.read(Int32Array.of(0, 1, 2, 3));
  const encoded = (width: number, which: number) =>
    Array.from(applyPreprocess(batch.inputs.features, ways(width)[which]).data as Float32Array);
  assert.deepEqual(encoded(3, 0), [1, 0, 1, 2, 1, 0, 5, 0, 1, 2, 0, 1]);
  assert.deepEqual(encoded(2, 0), [1, 1, 2, 0, 5, 1, 2, 1]);
  // The numbers 1, 5 and 2 have mean 8/3 and deviation √(26/9).
  const scaled = encoded(3, 1);
  assert.ok(Math.abs(scaled[0] - (1 - 8 / 3) / Math.sqrt(26 / 9)) < 1e-6);
  assert.deepEqual(scaled.slice(1, 3), [0, 1]);
});

test('categories in the middle may stand in their place or last', async () => {
  const { train: rows } = source('c,n,y\nb,1,0\na,2,1\n');
  const ways = preprocessesFor(rows.inputs[0], { shape: [null, 3] });
  const batch = await rows.read(Int32Array.of(0));
  const encoded = ways.map((way) => [way.name, ...Array.from(applyPreprocess(batch.inputs.features, way).data as Float32Array)]);
  assert.deepEqual(encoded, [
    ['raw one-hot', 0, 1, 1],
    ['raw one-hot-last', 1, 0, 1],
  ]);
});

/** y = 1000 + 50 a - 20 b, plus 100 for "x", with a little noise; a is in thousands. */
function prices(rows: number): string {
  const random = new Random(5);
  const line = () => {
    const [a, b, kind] = [random.normal(), random.normal(), random.uniform() < 0.5 ? 'x' : 'z'];
    return `${5000 + 1000 * a},${b},${kind},${1000.5 + 50 * a - 20 * b + (kind === 'x' ? 100 : 0) + random.normal()}`;
  };
  return `a,b,kind,price\n${Array.from({ length: rows }, line).join('\n')}`;
}

test('a perceptron takes rows as they are and predicts in the units of the target', async () => {
  const data = source(prices(400));
  const { model: fresh, preprocess } = freshModel(data, { family: 'mlp', width: 0.25, seed: 1 });
  const { task } = await createTask(fresh, data, runtime, { untrained: true, preprocess });
  assert.equal(task.kind, 'regression');
  const model = await prepareArchitecture('mlp', { model: fresh, task, runtime, seed: 1 }, techniques);
  const weight = (name: string) => [...model.graph.initializers].find((each) => each.name === name)?.initializer?.toFloat32();
  assert.ok(Math.abs(Number(weight('standardize.mean')?.[0]) - 5000) < 200);
  assert.ok(Math.abs(Number(weight('standardize.shift')?.[0]) - 1050) < 20);
  const options = { epochs: 20, batchSize: 32, learningRate: 0.01, freeze: ['standardize.*'] };
  const { model: trained } = await train({ model, task, runtime, options });
  const { value, metric } = await evaluate(trained, task, runtime, { split: 'test' });
  assert.ok(metric === 'r2' && value > 0.97, `${metric} ${value}`);
});

test('grow-improve-shrink looks at the families that take rows', async () => {
  const data = source(prices(100));
  const { model, preprocess } = freshModel(data, { family: 'mlp', width: 0.5 });
  const { task } = await createTask(model, data, runtime, { untrained: true, preprocess });
  const limits = { maxSize: encodeModel(model).byteLength };
  const context = { original: model, task, limits, registry: techniques, epochs: 4 };
  const { initialPoints, recipe } = growImproveShrink.plan(context);
  assert.deepEqual([...new Set(initialPoints.map(({ family }) => family))], ['mlp']);
  assert.deepEqual(
    recipe(initialPoints[0])
      .slice(0, 2)
      .map(({ technique }) => technique),
    ['build', 'standardize'],
  );
  assert.throws(() => growImproveShrink.plan({ ...context, families: ['resnet-8'] }), /"resnet-8" does not take what the model takes.*mlp/);
});

test('a family for other samples is refused with those that would do', () => {
  assert.throws(() => freshModel(source(prices(50)), { family: 'resnet-8' }), /"resnet-8" take images.*mlp/);
});
