import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { footprint } from 'espalier/infrastructure/hardware';
import { copyModel, decodeModel, encodeModel, Graph, GraphBuilder, Model, type RandomAccess, Tensor } from 'espalier/onnx';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { inferShapes } from 'espalier/ops';
import { root } from '../support/paths.js';

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
  assert.ok(touched < bytes.length / 500, `${touched} of ${bytes.byteLength} bytes were read`);
  assert.ok(largest <= 4096);
  const weight = [...model.graph.initializers][3].initializer;
  assert.equal(weight?.numbers()[5], 3);
  assert.equal(largest, MATRIX, 'a weight is read when it is asked for, and alone');
});

/** Runs in a process of its own, whose memory nothing else uses: what it does with the path, in milliseconds of work and in bytes of memory more. */
function measure(code: string, path: string): { milliseconds: number; memory: number } {
  const script = `
    import { readFileSync } from 'node:fs';
    import { loadModel } from 'espalier/onnx/node';
    import { inferShapes } from 'espalier/ops';
    const before = process.memoryUsage.rss();
    const start = process.cpuUsage();
    const path = process.argv[1];
    const result = ${code};
    const { user, system } = process.cpuUsage(start);
    const milliseconds = (user + system) / 1000;
    console.log(JSON.stringify({ milliseconds, memory: process.memoryUsage.rss() - before, kept: typeof result }));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script, path], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test('a file of 300 MB is opened in a small part of the time and memory that reading it takes', async (context) => {
  const path = join(folder, 'large.onnx');
  await saveModel(largeModel(75), path);
  const reading = measure('readFileSync(path)', path);
  const opening = measure('inferShapes(loadModel(path))', path);
  for (const [what, { milliseconds, memory }] of Object.entries({ reading, opening }))
    context.diagnostic(`${what}: ${milliseconds.toFixed(0)} ms, ${(memory / 1e6).toFixed(1)} MB`);
  assert.ok(reading.memory > 250e6);
  assert.ok(opening.memory < reading.memory / 5, 'memory stays far below the weights');
  assert.ok(opening.milliseconds < Math.max(reading.milliseconds, 200), 'and so does time');
});

test('external data is written tensor by tensor', async () => {
  const path = join(folder, 'external.onnx');
  await saveModel(loadModel(join(folder, 'large.onnx')), path, { externalFrom: 1000 });
  const again = loadModel(path);
  assert.equal([...again.graph.initializers][74].initializer?.numbers()[0], 74);
});
