// Which branches and bodies a run enters is told by ONNX Runtime itself.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { type GraphBuilder, Tensor, type Value } from 'espalier/onnx';
import { Reach, reachOf } from 'espalier/training';
import { madeModel, taskOf, type Weights } from '../compression/quantization/models.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

function branch(build: GraphBuilder, write: (inner: GraphBuilder) => Value) {
  const inner = build.within('inner');
  inner.output(write(inner));
  return { type: 'graph', value: inner.graph } as const;
}

/** As often as the mean says, tanh; where it is above 100 a Scan, which no turn of the loop is entered for. */
function nested(build: GraphBuilder, x: Value, weights: Weights): Value {
  const mean = build.op('ReduceMean', [x], { keepdims: 0 });
  const turns = build.op('Cast', [build.op('Relu', [mean])], { to: 7 });
  const body = build.within('body');
  body.input('turn', 'int64', []);
  const go = body.input('go', 'bool', []);
  const state = body.input('state', 'float32', x.shape ?? []);
  const often = body.op('If', [body.op('Greater', [mean, body.scalar(3)])], {
    then_branch: branch(body, (inner) => inner.op('Tanh', [state])),
    else_branch: branch(body, (inner) => inner.op('Neg', [state])),
  });
  body.output(body.op('Identity', [go]));
  body.output(often);
  const looped = build.op('Loop', [turns, undefined, x], { body: { type: 'graph', value: body.graph } });
  const scan = build.within('scan');
  const sum = scan.input('sum', 'float32', [4]);
  const row = scan.input('row', 'float32', [4]);
  scan.output(scan.op('Add', [sum, row]));
  scan.output(scan.op('Identity', [row]));
  const attributes = { num_scan_inputs: 1, scan_output_axes: [0], body: { type: 'graph', value: scan.graph } } as const;
  const scanned = build.node('Scan', [build.constant(Tensor.of('float32', [4], new Float32Array(4))), looped], attributes, {
    outputs: 2,
  })[1];
  return build.op('MatMul', [scanned, weights([4, 2])]);
}

test('what a run enters is told of branches in loops, of loops without a turn, and of scans', async () => {
  const model = madeModel([4], nested);
  const reach = new Reach(model);
  assert.equal(reach.outputs.length, 4);
  const program = await runtime.compile(reach.model);
  const run = async (value: number) => {
    const told = await program.run({ x: Tensor.of('float32', [2, 4], new Float32Array(8).fill(value)) }, ['y0', ...reach.outputs]);
    reach.add(told);
    return { y: told.y0.toFloat32(), missed: reach.missed.map(({ label }) => label.replace(/ ".*/, '')) };
  };
  const none = await run(-1);
  assert.deepEqual(none.missed, ['body of Loop', 'then_branch of If', 'else_branch of If']);
  assert.deepEqual((await run(1)).missed, ['then_branch of If']);
  assert.deepEqual((await run(5)).missed, []);
  await program.dispose();
  const plain = await runtime.compile(model);
  const { y0 } = await plain.run({ x: Tensor.of('float32', [2, 4], new Float32Array(8).fill(-1)) });
  assert.deepEqual(y0.toFloat32(), none.y, 'the model answers as before');
  await plain.dispose();
  assert.ok(
    model.graph.nodes.some(({ op, outputs }) => op === 'Loop' && outputs.length === 1),
    'the source was changed',
  );
});

test('the subgraphs that no sample enters are those of the model that was given', async () => {
  const model = madeModel([4], nested);
  const { missed, unknown } = await reachOf({ model, task: taskOf(model, [4]), split: 'calibration', runtime, samples: 8 });
  assert.deepEqual(
    missed.map(({ label }) => label.replace(/ ".*/, '')),
    ['body of Loop', 'then_branch of If', 'else_branch of If'],
  );
  assert.deepEqual(unknown, [], 'none of them has weights');
  const [loop] = model.graph.nodes.filter(({ op }) => op === 'Loop');
  assert.equal(missed[0].graph, loop.subgraph('body'));
});
