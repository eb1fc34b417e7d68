import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Graph, isFloat, staticShape, type Value } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { inferShapes } from 'espalier/ops';
import { shared, skipWithout } from '../support/paths.js';

const folder = shared('models');
const skip = skipWithout(folder, 'A collection of real models');

/** Input shapes of models that fit only some sizes; every other symbolic dimension is 1. */
const inputShapes: Readonly<Record<string, Record<string, readonly number[]>>> = {
  'silero_vad_v6.onnx': { input: [1, 576], state: [2, 1, 128] },
};

/** Models some of whose inner shapes stay open, and why. */
const open: Readonly<Record<string, string>> = {
  'silero_vad_v6.onnx': 'the branch for 8 kHz does not fit the 576 samples of 16 kHz',
};

function* outputsOf(graph: Graph): Generator<Value> {
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output) yield output;
    for (const inner of node.subgraphs()) yield* outputsOf(inner);
  }
}

describe('shapes of real models', { skip }, () => {
  const files = folder ? readdirSync(folder).filter((file) => file.endsWith('.onnx')) : [];
  for (const file of files) {
    test(file, async (context) => {
      const model = await loadModel(join(folder as string, file));
      for (const output of model.graph.outputs) output.type = undefined;
      const shapes = model.graph.feeds.flatMap(({ name, shape }) =>
        shape ? [[name, inputShapes[file]?.[name] ?? shape.map((dim) => (typeof dim === 'number' ? dim : 1))] as const] : [],
      );
      assert.deepEqual(inferShapes(model, { inputShapes: Object.fromEntries(shapes) }), [], 'every operator has a rule');
      for (const output of model.graph.outputs) {
        assert.ok(output.type, `${output.name} has a type`);
        if (output.type.kind === 'tensor') assert.ok(staticShape(output.shape), `${output.name} has a static shape`);
      }
      const inner = [...outputsOf(model.graph)].filter(({ type, dtype }) => !type || isFloat(dtype));
      const unknown = inner.filter(({ shape }) => !staticShape(shape));
      context.diagnostic(`${inner.length - unknown.length} of ${inner.length} float tensors have static shapes`);
      assert.equal(unknown.length > 0, file in open, `open: ${unknown.slice(0, 3).map(({ name, shape }) => `${name} [${shape}]`)}`);
    });
  }
});
