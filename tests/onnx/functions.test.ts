import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import {
  checkLinks,
  decodeModel,
  embedModel,
  encodeModel,
  type FunctionDefinition,
  Graph,
  GraphBuilder,
  inlineFunctions,
  Model,
  Node,
  Tensor,
  tensorType,
  Value,
} from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { assertSame, outputsOf } from '../infrastructure/compiler/same-outputs.js';
import { fixture } from '../support/paths.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

describe('functions written out give what ONNX Runtime gives for the calls', () => {
  for (const c of [0, 1]) {
    test(`condition ${c}`, async () => {
      const model = loadModel(fixture('onnx', 'functions.onnx'));
      const feeds = {
        x: Tensor.from('float32', [3], [0.1, -2, 3]),
        y: Tensor.from('float32', [3], [0.5, 0.25, -1]),
        c: Tensor.from('bool', [], [c]),
      };
      const expected = await outputsOf(runtime, model, feeds);
      const inlined = inlineFunctions(model);
      assert.equal(inlined.functions.length, 0);
      assert.ok(model.functions.length > 0, 'the original stays');
      checkLinks(inlined.graph);
      assertSame(await outputsOf(runtime, decodeModel(encodeModel(inlined)), feeds), expected, 1e-6);
    });
  }

  test('a model inside a model gives what it gives alone', async () => {
    const source = inlineFunctions(loadModel(fixture('onnx', 'functions.onnx')));
    const graph = new Graph('host');
    const build = new GraphBuilder(graph);
    // The host uses the embedded model's own names for something else.
    const given = { x: build.input('z', 'float32', [3]), y: build.input('x', 'float32', [3]), c: build.input('c', 'bool', []) };
    const outputs = embedModel(build, source, given, 'inner');
    for (const [name, value] of Object.entries(outputs)) {
      value.type = tensorType('float32', [3]);
      build.output(value, name);
    }
    const host = new Model(graph, 21);
    checkLinks(graph);
    const [x, y, c] = [Tensor.from('float32', [3], [1, 2, -3]), Tensor.from('float32', [3], [0.5, -5, 2]), Tensor.from('bool', [], [0])];
    const expected = await outputsOf(runtime, source, { x, y, c });
    assertSame(await outputsOf(runtime, decodeModel(encodeModel(host)), { z: x, x: y, c }), expected, 1e-6);
    assert.throws(() => embedModel(build, source, { x: given.x }, 'again'), {
      name: 'GraphError',
      message: /Nothing is given for the input "y"/,
    });
  });
});

/** A function that calls the others named, each twice. */
function caller(name: string, ...callees: string[]): FunctionDefinition {
  const graph = new Graph(name);
  let value = new Value('x');
  graph.inputs.push(value);
  for (const [index, callee] of callees.flatMap((each) => [each, each]).entries()) {
    const node = new Node(callee, callee === 'Neg' ? '' : 'mine', `${callee}${index}`);
    node.setInput(0, value);
    value = new Value(`v${index}`);
    node.setOutput(0, value);
    graph.add(node);
  }
  graph.outputs.push(value);
  return {
    name,
    domain: 'mine',
    overload: '',
    graph,
    attributes: [],
    defaults: new Map(),
    opsets: new Map([
      ['', 21],
      ['mine', 1],
    ]),
  };
}

function modelOf(...functions: FunctionDefinition[]): Model {
  const graph = new Graph('calls');
  const build = new GraphBuilder(graph);
  build.output(build.op('f0', [build.input('x', 'float32', [1])], {}, 'mine'), 'y');
  const model = new Model(graph, 21);
  model.opsets.set('mine', 1);
  model.functions.push(...functions);
  return model;
}

test('recursive functions and functions that explode are refused before anything is written out', () => {
  const recursive = encodeModel(modelOf(caller('f0', 'f1'), caller('f1', 'f0')));
  assert.throws(() => decodeModel(recursive), { name: 'GraphError', message: /function mine\.f0: The function calls itself/ });
  const levels = Array.from({ length: 60 }, (_, level) => caller(`f${level}`, level === 59 ? 'Neg' : `f${level + 1}`));
  assert.throws(() => decodeModel(encodeModel(modelOf(...levels))), {
    name: 'FormatError',
    message: /functions written out are too large/,
  });
  const few = inlineFunctions(
    decodeModel(encodeModel(modelOf(...levels.slice(50).map((each, index) => ({ ...each, name: `f${index}` }))))),
  );
  assert.ok(few.graph.nodes.length >= 2);
});
