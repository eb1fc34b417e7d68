import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { footprint } from 'espalier/infrastructure/hardware';
import { copyModel, decodeModel, encodeModel, Graph, GraphBuilder, Model, type RandomAccess, Tensor } from 'espalier/onnx';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { inferShapes } from 'espalier/ops';

const folder = mkdtempSync(join(tmpdir(), 'espalier-lazy-'));
after(() => rmSync(folder, { recursive: true }));

const SIDE = 1024;
const MATRIX = SIDE * SIDE * 4;

/** `depth` dense layers of 4 MiB each. */
function largeModel(depth: number): Model {
  const graph = new Graph('large');
  const build = new GraphBuilder(graph);
  let value = build.input('x', 'float32', [1, SIDE]);
  for (let layer = 0; layer < depth; layer++) {
    const weight = new Float32Array(SIDE * SIDE).fill(layer);
    value = build.op('MatMul', [value, build.parameter(`w${layer}`, Tensor.of('float32', [SIDE, SIDE], weight))]);
  }
  build.output(value, 'y');
  return new Model(graph, 21);
}

test('a model is read, inspected and copied without its weights', () => {
  const bytes = encodeModel(largeModel(12));
  let touched = 0;
  let largest = 0;
  const file: RandomAccess = {
    byteLength: bytes.byteLength,
    read: (offset, length) => {
      touched += length;
      largest = Math.max(largest, length);
      return bytes.subarray(offset, offset + length);
    },
  };
  const model = decodeModel(file);
  inferShapes(model);
  assert.equal(footprint(copyModel(model), { bytes: bytes.length }).parameters, 12 * SIDE * SIDE);
  assert.ok(touched < 20_000, `${touched} of ${bytes.byteLength} bytes were read`);
  assert.ok(largest < 2_000);
  const weight = [...model.graph.initializers][3].initializer;
  assert.equal(weight?.numbers()[5], 3);
  assert.equal(largest, MATRIX, 'a weight is read when it is asked for, and alone');
});

test('a file of 300 MB is opened in a small part of the time and memory that reading it takes', async (context) => {
  const path = join(folder, 'large.onnx');
  await saveModel(largeModel(75), path);
  const start = performance.now();
  const whole = readFileSync(path);
  const reading = performance.now() - start;
  assert.ok(whole.length > 300e6);
  const before = process.memoryUsage();
  const opened = performance.now();
  const model = loadModel(path);
  inferShapes(model);
  const opening = performance.now() - opened;
  const { rss, arrayBuffers } = process.memoryUsage();
  context.diagnostic(
    `reading ${reading.toFixed(0)} ms, opening ${opening.toFixed(0)} ms, ${((rss - before.rss) / 1e6).toFixed(1)} MB more`,
  );
  assert.ok(rss - before.rss < whole.length / 10, 'memory stays far below the weights');
  assert.ok(arrayBuffers - before.arrayBuffers < whole.length / 100);
  assert.ok(opening < Math.max(reading, 100), 'and so does time');
});

test('external data is written tensor by tensor', async () => {
  const path = join(folder, 'external.onnx');
  await saveModel(loadModel(join(folder, 'large.onnx')), path, { externalFrom: 1000 });
  const again = loadModel(path);
  assert.equal([...again.graph.initializers][74].initializer?.numbers()[0], 74);
});
