import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { bindDim, checkLinks, decodeModel, encodeModel, floatAttribute, type Model, Tensor } from 'espalier/onnx';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { ModelProtoSchema } from '#dist/onnx/wire/onnx_pb.js';
import { fixture } from '../support/paths.js';

const load = (name: string) => loadModel(fixture('onnx', name));

function initializer(model: Model, name: string): Tensor {
  const value = [...model.graph.initializers].find((each) => each.name === name);
  assert.ok(value?.initializer, `there is an initializer ${name}`);
  return value.initializer;
}

/** A number as the fixture writes it. */
function written(value: number): number | string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : value;
}

describe('tensors of every element type hold what numpy and ml_dtypes read', () => {
  const expected = JSON.parse(readFileSync(fixture('onnx', 'tensors.json'), 'utf8')) as Record<
    string,
    { shape: number[]; numbers: (number | string | null)[] }
  >;
  const model = load('tensors.onnx');
  for (const [name, { shape, numbers }] of Object.entries(expected)) {
    test(name, () => {
      const [raw, typed] = ['raw', 'typed'].map((form) => initializer(model, `${name}_${form}`));
      assert.deepEqual(raw.shape, shape);
      assert.ok(Buffer.compare(raw.bytes(), typed.bytes()) === 0, 'raw data and typed fields are the same bytes');
      if (numbers[0] === null) return;
      assert.deepEqual(Array.from(raw.numbers(), written), numbers);
      assert.equal(raw.byteLength, raw.bytes().byteLength);
    });
  }

  test('numbers go back to the bytes that they came from', () => {
    for (const [name, { shape }] of Object.entries(expected)) {
      const tensor = initializer(model, `${name}_raw`);
      if (/^(float(4|6|8)|complex)/.test(tensor.dtype) || /^u?int64$/.test(tensor.dtype)) continue;
      const again = Tensor.from(tensor.dtype, shape, tensor.numbers());
      assert.deepEqual(Array.from(again.numbers(), written), Array.from(tensor.numbers(), written), name);
    }
  });

  test('texts stay bytes, UTF-8 or not', () => {
    const texts = initializer(model, 'STRING');
    const decoder = new TextDecoder();
    assert.deepEqual(
      texts.stringBytes().map((bytes) => decoder.decode(bytes)),
      ['plain', 'ümläut ✓', '', '\ufffd\ufffd not UTF-8'],
    );
    assert.deepEqual([...texts.stringBytes()[3].subarray(0, 2)], [0xff, 0xfe]);
    assert.equal(initializer(model, 'EMPTY').size, 0);
  });
});

describe('external data', () => {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-external-'));
  test.after(() => rmSync(folder, { recursive: true }));
  const same = (a: Tensor, b: Tensor) => assert.ok(Buffer.compare(a.bytes(), b.bytes()) === 0);

  test('is read from beside the model and from below, and written inside where the model fits', () => {
    const outside = load('external/model.onnx');
    const inside = load('external/inside.onnx');
    for (const name of ['a', 'b']) same(initializer(outside, name), initializer(inside, name));
    const model = decodeModel(encodeModel(outside));
    for (const name of ['a', 'b']) same(initializer(model, name), initializer(inside, name));
  });

  test('is written on demand, aligned, and read back', async () => {
    const inside = load('external/inside.onnx');
    const path = join(folder, 'out.onnx');
    const size = await saveModel(inside, path, { externalFrom: 1000 });
    assert.equal(size, readFileSync(path).length + 6400, 'only the matrix goes outside');
    const again = loadModel(path);
    for (const name of ['a', 'b']) same(initializer(again, name), initializer(inside, name));
    await saveModel(again, path, { externalFrom: 100 });
    const twice = loadModel(path);
    for (const name of ['a', 'b']) same(initializer(twice, name), initializer(inside, name));
    assert.throws(() => initializer(again, 'a').bytes(), /changed while its model was in use|cannot be read|no such/i);
  });

  test('is refused where the model comes without its folder', () => {
    const bytes = new Uint8Array(readFileSync(fixture('onnx', 'external', 'model.onnx')));
    assert.throws(() => decodeModel(bytes), { name: 'FormatError', message: /tensor "a".*file of its own.*Load the model from its path/ });
  });

  test('the same model gives the same bytes wherever it is written', async () => {
    const names = ['one', 'two'].map((name) => join(folder, name));
    for (const name of names) {
      cpSync(fixture('onnx', 'external'), name, { recursive: true });
      const model = loadModel(join(name, 'model.onnx'));
      await saveModel(model, join(name, 'model.onnx'), { externalFrom: 0 });
      await saveModel(loadModel(join(name, 'model.onnx')), join(name, 'model.onnx'), { externalFrom: 0 });
    }
    const [one, two] = names.map((name) => readFileSync(join(name, 'model.onnx')));
    assert.ok(one.equals(two));
  });
});

describe('what else a file may hold', () => {
  test('sparse initializers are the dense tensors that they stand for', () => {
    const model = load('sparse.onnx');
    assert.deepEqual([...initializer(model, 'small').numbers()], [0, 1, 0, 0, 0, 2, 0, 3, 0, 0, 0, 0]);
    assert.deepEqual([...initializer(model, 'axes').numbers()], [0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
    const { large } = JSON.parse(readFileSync(fixture('onnx', 'sparse.json'), 'utf8')) as { large: number[] };
    assert.deepEqual([...initializer(model, 'large').numbers()], large);
  });

  test('types, documentation and metadata are told', () => {
    const { graph, metadata, extras, domain, version, opset } = load('everything.onnx');
    assert.equal(opset, 21);
    assert.deepEqual(
      [...metadata],
      [
        ['author', 'Zoë'],
        ['empty', ''],
      ],
    );
    assert.deepEqual([extras?.doc, graph.extras?.doc, domain, version], ['a model', 'a graph', 'org.example', 7]);
    const map = graph.inputs[1].type;
    assert.deepEqual(map, { kind: 'map', key: 'int64', value: { kind: 'tensor', dtype: 'float32', shape: [] } });
    assert.deepEqual(graph.outputs[1].type, { kind: 'sequence', element: { kind: 'tensor', dtype: 'float32', shape: undefined } });
    const optional = graph.outputs[2].type;
    assert.ok(optional?.kind === 'optional' && optional.element?.kind === 'tensor');
    assert.equal(String(optional.element.shape), '1,dim');
    assert.equal(bindDim(optional.element.shape?.[1] ?? 0, { dim: 5 }), 5);
  });

  test('nodes are put in order and know the values of the graphs around them', () => {
    const { graph } = load('everything.onnx');
    assert.deepEqual(
      graph.nodes.slice(0, 4).map(({ op }) => op),
      ['ReduceSum', 'Greater', 'If', 'Twice'],
    );
    const x = graph.inputs[0];
    assert.deepEqual(x.users.map(({ op }) => op).sort(), ['Add', 'ReduceSum', 'Scale', 'SequenceConstruct']);
    assert.equal(graph.nodes[1].domain, '', "'ai.onnx' is the standard domain");
    const inner = graph.nodes[2].subgraph('then_branch');
    assert.equal(inner?.outer, graph);
    assert.equal(inner?.freshName('x'), 'x_1', 'names of the graphs around are taken');
  });

  test('functions have attributes, defaults and overloads', () => {
    const { functions } = load('everything.onnx');
    assert.deepEqual(
      functions.map(({ name, overload }) => [name, overload]),
      [
        ['Scale', ''],
        ['Twice', 'other'],
      ],
    );
    assert.deepEqual(functions[0].attributes, ['unset']);
    assert.deepEqual(functions[0].defaults.get('factor'), floatAttribute(2));
    assert.deepEqual(functions[0].graph.nodes[0].attributes.get('value_float'), { type: 'ref', value: 'factor', of: 1 });
  });

  test('subgraphs that hand out a value from outside do so through an Identity', () => {
    const proto = fromBinary(ModelProtoSchema, new Uint8Array(readFileSync(fixture('onnx', 'everything.onnx'))));
    const branch = proto.graph?.node[1].attribute.find(({ name }) => name === 'then_branch')?.g;
    assert.ok(branch);
    branch.output[0].name = 'w';
    const model = decodeModel(toBinary(ModelProtoSchema, proto));
    checkLinks(model.graph);
    const output = model.graph.nodes[2].subgraph('then_branch')?.outputs[0];
    assert.equal(output?.producer?.op, 'Identity');
    assert.equal(output?.producer?.inputs[0]?.name, 'w');
    checkLinks(decodeModel(encodeModel(model)).graph);
  });
});
