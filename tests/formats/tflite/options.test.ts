import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeTflite } from 'espalier/formats';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import { codeOfBuiltin } from '#dist/formats/tflite/wire/builtins.js';
import { encodeTables } from '#dist/formats/tflite/wire/encode.js';
import { FileParts } from '#dist/formats/tflite/writing/tables.js';
import { answersOf } from './cases.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

test('the activation built into L2_NORMALIZATION counts', async () => {
  const parts = new FileParts();
  const [x, y] = ['x', 'y'].map((name) => parts.tensor({ name, type: 0, shape: [1, 2], signature: [1, 2] }));
  const options = { name: 'L2NormOptions', values: { activation: 1 } } as const;
  parts.operator({ code: codeOfBuiltin('L2_NORMALIZATION'), version: 1, inputs: [x], outputs: [y], options });
  const model = decodeTflite(encodeTables(parts.tables([x], [y], 'main', new Map())));
  const [answer] = await answersOf(runtime, model, { x: Tensor.from('float32', [1, 2], [3, -4]) });
  const [first, second] = answer?.numbers() ?? [];
  assert.ok(Math.abs(first - 0.6) < 1e-6, `${first}`);
  assert.equal(second, 0);
});
