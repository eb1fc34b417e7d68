import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random, sizeOf } from 'espalier/base';
import { type AttributeLike, encodeModel, floatAttribute, type Graph, Model, Tensor, type Value } from 'espalier/onnx';
import { TRAINING_OPSET, upgradeOpset } from 'espalier/ops';
import { builder, runModel } from './onnxruntime.js';

/** An operator in an old form. Inputs that are arrays of numbers are shapes of float inputs. */
interface OldForm {
  name: string;
  op: string;
  opset: number;
  inputs: readonly (readonly number[] | Tensor)[];
  attributes?: Readonly<Record<string, AttributeLike>>;
  outputs?: number;
}

const ints = (...values: number[]) => Tensor.from('int64', [values.length], values);
const floats = (...values: number[]) => Tensor.from('float32', [values.length], values);

const forms: OldForm[] = [
  { name: 'Squeeze with attribute axes', op: 'Squeeze', opset: 11, inputs: [[2, 1, 3, 1]], attributes: { axes: [1, -1] } },
  { name: 'Squeeze of every 1', op: 'Squeeze', opset: 7, inputs: [[2, 1, 3, 1]] },
  { name: 'Unsqueeze with attribute axes', op: 'Unsqueeze', opset: 9, inputs: [[2, 3]], attributes: { axes: [0, 3] } },
  { name: 'Split with attribute sizes', op: 'Split', opset: 11, inputs: [[2, 5]], attributes: { axis: 1, split: [2, 3] }, outputs: 2 },
  { name: 'Split into equal parts', op: 'Split', opset: 13, inputs: [[6, 5]], outputs: 3 },
  {
    name: 'Slice with attributes',
    op: 'Slice',
    opset: 9,
    inputs: [[4, 5, 6]],
    attributes: { starts: [1, -3], ends: [3, 99], axes: [0, 2] },
  },
  { name: 'Slice without axes', op: 'Slice', opset: 9, inputs: [[4, 5]], attributes: { starts: [1, 0], ends: [-1, 2] } },
  { name: 'Pad with attributes', op: 'Pad', opset: 10, inputs: [[2, 3]], attributes: { pads: [0, 1, 2, -1], value: floatAttribute(2) } },
  { name: 'Pad by reflection', op: 'Pad', opset: 7, inputs: [[2, 4]], attributes: { pads: [0, 2, 0, 1], mode: 'reflect' } },
  { name: 'Scatter', op: 'Scatter', opset: 9, inputs: [[2, 3], Tensor.from('int64', [1, 2], [0, 2]), [1, 2]], attributes: { axis: 1 } },
  {
    name: 'Upsample with attribute scales',
    op: 'Upsample',
    opset: 7,
    inputs: [[1, 2, 3, 4]],
    attributes: { scales: { type: 'floats', value: [1, 1, 2, 3] } },
  },
  { name: 'Upsample with input scales', op: 'Upsample', opset: 9, inputs: [[1, 2, 3, 4], floats(1, 1, 1.5, 2)] },
  { name: 'Upsample, linear', op: 'Upsample', opset: 9, inputs: [[1, 2, 3, 4], floats(1, 1, 2, 2)], attributes: { mode: 'linear' } },
  { name: 'Resize of opset 10', op: 'Resize', opset: 10, inputs: [[1, 2, 3, 4], floats(1, 1, 2, 2.5)] },
  { name: 'Resize of opset 10 that shrinks', op: 'Resize', opset: 10, inputs: [[1, 2, 6, 7], floats(1, 1, 0.5, 0.6)] },
  {
    name: 'Resize of opset 10, linear',
    op: 'Resize',
    opset: 10,
    inputs: [[1, 2, 6, 4], floats(1, 1, 0.5, 2)],
    attributes: { mode: 'linear' },
  },
  {
    name: 'GridSample, bilinear',
    op: 'GridSample',
    opset: 16,
    inputs: [
      [1, 2, 4, 4],
      [1, 3, 3, 2],
    ],
  },
  {
    name: 'GridSample, bicubic',
    op: 'GridSample',
    opset: 16,
    inputs: [
      [1, 2, 4, 4],
      [1, 3, 3, 2],
    ],
    attributes: { mode: 'bicubic' },
  },
  {
    name: 'RoiAlign without an offset of half a pixel',
    op: 'RoiAlign',
    opset: 10,
    inputs: [[1, 2, 6, 6], Tensor.from('float32', [1, 4], [0.4, 1.1, 4.3, 5.2]), ints(0)],
    attributes: { output_height: 2, output_width: 2 },
  },
  { name: 'Reshape', op: 'Reshape', opset: 7, inputs: [[2, 6], ints(0, 3, -1)] },
];

function write({ op, opset, inputs, attributes, outputs = 1 }: OldForm): Graph {
  const build = builder(opset);
  const values = inputs.map((input, index): Value => {
    if (!(input instanceof Tensor)) return build.input(`x${index}`, 'float32', input);
    const value = build.parameter(`c${index}`, input);
    // IR versions before 4 list constants among the inputs.
    build.graph.inputs.push(value);
    return value;
  });
  const names = Array.from({ length: outputs }, (_, index) => `y${index}`);
  for (const value of build.node(op, values, attributes, { outputs: names })) build.output(value);
  return build.graph;
}

for (const form of forms) {
  test(`${form.name} (opset ${form.opset}) says the same in opset ${TRAINING_OPSET}`, async () => {
    const old = new Model(write(form), form.opset);
    const random = new Random(form.name);
    const feeds = Object.fromEntries(
      old.graph.feeds.map(({ name, shape }) => {
        const numbers = Array.from({ length: sizeOf(shape as number[]) }, () => 2 * random.uniform() - 1);
        return [name, Tensor.from('float32', shape as number[], numbers)];
      }),
    );
    const upgraded = upgradeOpset(old, TRAINING_OPSET);
    assert.equal(upgraded.opset, TRAINING_OPSET);
    const want = await runModel(encodeModel(old), feeds);
    const got = await runModel(encodeModel(upgraded), feeds);
    for (const [name, tensor] of Object.entries(want)) {
      assert.deepEqual(got[name].shape, tensor.shape);
      const numbers = tensor.numbers();
      got[name].numbers().forEach((number, i) => {
        assert.ok(Math.abs(number - numbers[i]) < 1e-6, `${name}[${i}] is ${number}, not ${numbers[i]}`);
      });
    }
  });
}
