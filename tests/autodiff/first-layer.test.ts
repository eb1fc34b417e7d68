import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { addGradients, prepare } from 'espalier/autodiff';
import { Random } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Graph, Model, type Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { normalTensors } from '../support/tensors.js';

const runtime = createNodeRuntime({ threads: 2 });
after(() => runtime.dispose());

const random = new Random(3);
const normal = normalTensors(random);

/** The gradient of sum(conv(x, w) * upstream) with respect to w, term by term in double precision; stride 1, one row and column of padding. */
function closedForm(x: Tensor, upstream: Tensor, [outputs, inputs, rows, columns]: readonly number[]): number[] {
  const [batch, , height, width] = x.shape as number[];
  const [data, weights] = [x.numbers(), upstream.numbers()];
  const [, , high, wide] = upstream.shape as number[];
  const gradient: number[] = [];
  for (let m = 0; m < outputs; m++)
    for (let c = 0; c < inputs; c++)
      for (let r = 0; r < rows; r++)
        for (let k = 0; k < columns; k++) {
          let sum = 0;
          for (let n = 0; n < batch; n++)
            for (let i = 0; i < high; i++)
              for (let j = 0; j < wide; j++) {
                const [row, column] = [i + r - 1, j + k - 1];
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                sum += weights[((n * outputs + m) * high + i) * wide + j] * data[((n * inputs + c) * height + row) * width + column];
              }
          gradient.push(sum);
        }
  return gradient;
}

// Many positions, so that images are groups of the gradient's convolution; more outputs than weights in each, so that channels of zeros join them.
for (const [inputs, outputs, padded] of [
  [1, 12, 2],
  [3, 32, 4],
  [3, 27, undefined],
  [1, 64, undefined],
] as const) {
  test(`weight gradient of a first layer of ${inputs} to ${outputs} channels`, async () => {
    const [x, w] = [normal(4, inputs, 20, 21), normal(outputs, inputs, 3, 3)];
    const upstream = normal(4, outputs, 20, 21);
    const graph = new Graph('first');
    const source = new Model(graph, 21);
    source.irVersion = 10;
    const written = typedBuilder(graph, source.opsets);
    const scores = written.op('Conv', [written.input('x', 'float32', [4, inputs, 20, 21]), written.parameter('w', w)], {
      pads: [1, 1, 1, 1],
    });
    written.output(scores, 'scores');
    const { model, build, value } = prepare(source);
    const given = build.input('upstream', 'float32', upstream.shape as number[]);
    const gradients = addGradients({ build, opsets: model.opsets, from: new Map([[value('scores'), given]]), to: [value('w')] });
    build.output(gradients.get(value('w')) as NonNullable<ReturnType<typeof gradients.get>>, 'gradient');
    const pads = model.graph.nodes.filter(({ op }) => op === 'Pad').map(({ outputs: [made] }) => made?.shape?.[1]);
    assert.deepEqual(pads, padded === undefined ? [] : [padded], 'channels with those of zeros');
    const program = await runtime.compile(model, { threads: 2 });
    // Before the run, which may take the tensors' memory over.
    const expected = closedForm(x, upstream, w.shape as number[]);
    const { gradient } = await program.run({ x, upstream });
    await program.dispose();
    const scale = Math.max(...expected.map(Math.abs));
    gradient.numbers().forEach((number, i) => {
      assert.ok(Math.abs(number - expected[i]) < 1e-5 * scale, `${i}: ${number} instead of ${expected[i]}`);
    });
  });
}
