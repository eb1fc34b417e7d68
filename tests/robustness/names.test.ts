// Names that every object of JavaScript has, as names of values, nodes, weights and columns of files.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { copiesOf, type Model, Tensor } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { espalier } from '../cli/run.js';
import { madeModel } from '../compression/quantization/models.js';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-names-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (line: string) => espalier([...line.split(' '), '--threads', '1'], { cwd: folder });

async function saveWith(name: string, named: (model: Model) => { name: string }): Promise<void> {
  const model = madeModel([16], (build, x, weights) =>
    build.op('Gemm', [build.op('Relu', [build.op('MatMul', [x, weights([16, 48])])]), weights([48, 32])]),
  );
  named(model).name = name;
  model.metadata.set(name, name);
  await saveModel(model, join(folder, 'odd.onnx'));
}

/** What may be called anything. */
const places: Readonly<Record<string, (model: Model) => { name: string }>> = {
  input: ({ graph }) => graph.inputs[0],
  node: ({ graph }) => graph.nodes[0],
  weight: ({ graph }) => [...graph.initializers][0],
};

for (const name of ['constructor', '__proto__', 'hasOwnProperty']) {
  test(`"${name}" is a name as any other of inputs, nodes and weights`, async () => {
    for (const [place, named] of Object.entries(places)) {
      await saveWith(name, named);
      const { code, stderr } = await run('quantize odd.onnx --data synthetic --no-time -o made.onnx');
      assert.equal(code, 0, `${place}: ${stderr}`);
    }
  });

  test(`"${name}" is a name as any other of columns and classes`, async () => {
    const rows = Array.from({ length: 120 }, (_, i) => `${Math.sin(i)},${i % 3 ? 'u' : 'v'},${Math.sin(i) > 0 ? 'yes' : name}`);
    writeFileSync(join(folder, 'odd.csv'), [`${name},kind,label`, ...rows].join('\n'));
    const { code, stderr } = await run('train --arch mlp --data odd.csv --target label --epochs 1 -o trained.onnx');
    assert.equal(code, 0, stderr);
    assert.equal((await run('eval trained.onnx --data odd.csv --label label')).code, 0);
  });
}

test('what a run cannot hand out is said by name', async () => {
  await saveWith('__proto__', ({ graph }) => graph.outputs[0]);
  const { code, stderr } = await run('quantize odd.onnx --data synthetic --no-time -o made.onnx');
  assert.notEqual(code, 0);
  assert.match(stderr, /output "__proto__": ONNX Runtime cannot hand out .* Give it another name in the model\./);
});

test('tensors are not copied of what only every object has', () => {
  const tensor = Tensor.of('float32', [1], Float32Array.of(1));
  assert.deepEqual(Object.keys(copiesOf({ x: tensor }, ['constructor', 'x'])), ['x']);
});
