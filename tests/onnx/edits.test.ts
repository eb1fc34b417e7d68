import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from 'espalier/base';
import {
  attributeOf,
  checkLinks,
  copyGraph,
  decodeModel,
  encodeModel,
  floatAttribute,
  Graph,
  GraphBuilder,
  Model,
  mergeCommonSubexpressions,
  Node,
  removeDeadCode,
  Tensor,
  tensorType,
  Value,
} from 'espalier/onnx';

/** A graph of random nodes, some of which hold branches that read values from outside. */
function randomGraph(random: Random, size: number, outer: readonly Value[] = [], names = { count: 0 }): Graph {
  const graph = new Graph(`g${names.count++}`);
  const values = [...outer];
  const fresh = () => new Value(`v${names.count++}`, tensorType('float32', [2]));
  if (outer.length === 0) {
    for (let i = 0; i < 3; i++) {
      const input = fresh();
      graph.inputs.push(input);
      values.push(input);
    }
  }
  for (let i = 0; i < size; i++) {
    const node = new Node(['Add', 'Relu', 'Split'][random.integer(3)], '', `n${names.count++}`);
    const arity = 1 + random.integer(3);
    for (let k = 0; k < arity; k++) node.setInput(k, random.uniform() < 0.1 ? undefined : values[random.integer(values.length)]);
    if (outer.length === 0 && random.uniform() < 0.2) {
      node.op = 'If';
      for (const branch of ['then_branch', 'else_branch'])
        node.attributes.set(branch, { type: 'graph', value: randomGraph(random, 1 + random.integer(3), values, names) });
    }
    const made = Array.from({ length: 1 + random.integer(2) }, fresh);
    for (const [index, value] of made.entries()) node.setOutput(index, value);
    graph.add(node);
    values.push(...made);
  }
  const own = graph.nodes.flatMap((node) => node.outputs as Value[]);
  for (let i = 0; i < 2; i++) {
    const output = own[random.integer(own.length)];
    if (!graph.outputs.includes(output)) graph.outputs.push(output);
  }
  return graph;
}

test('links stay whole under random edits, and what is written reads back the same', () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const graph = randomGraph(random, 12);
    checkLinks(graph);
    for (let edit = 0; edit < 25; edit++) {
      editAtRandom(graph, random);
      checkLinks(graph);
    }
    graph.sort();
    const copy = copyGraph(graph).graph;
    checkLinks(copy);
    const bytes = encodeModel(new Model(graph, 17));
    assert.ok(Buffer.compare(bytes, encodeModel(new Model(copy, 17))) === 0, `seed ${seed}`);
    const again = decodeModel(bytes);
    checkLinks(again.graph);
    assert.ok(Buffer.compare(bytes, encodeModel(again)) === 0);
    mergeCommonSubexpressions(graph);
    checkLinks(graph);
    removeDeadCode(graph);
    checkLinks(graph);
    assert.equal(removeDeadCode(graph), 0);
  }
});

function editAtRandom(graph: Graph, random: Random): void {
  graph.sort();
  const at = random.integer(graph.nodes.length);
  const node = graph.nodes[at];
  const earlier = [...graph.inputs, ...graph.nodes.slice(0, at).flatMap((each) => each.outputs as Value[])];
  const value = earlier[random.integer(earlier.length)];
  const output = node.outputs[0] as Value;
  switch (random.integer(6)) {
    case 0:
      node.setInput(random.integer(node.inputs.length + 2), value);
      break;
    case 1:
      node.truncateInputs(random.integer(node.inputs.length + 1));
      break;
    case 2:
      graph.replace(output, value);
      break;
    case 3: {
      const build = new GraphBuilder(graph);
      graph.replace(output, build.op('Relu', [value]));
      break;
    }
    case 4:
      if (node.outputs.every((each) => each?.readers.size === 0 && !graph.outputs.includes(each))) graph.remove(node);
      break;
    default:
      if (output.readers.size > 0)
        assert.throws(() => copyAndRemove(graph, at), { name: 'GraphError', message: /A removed node is still read/ });
  }
}

/** Tries on a copy: a node that others read may not go. */
function copyAndRemove(graph: Graph, at: number): void {
  const { graph: copy } = copyGraph(graph);
  copy.remove(copy.nodes[at]);
}

test('an output that is replaced keeps its name and its declared type', () => {
  const graph = new Graph('outputs');
  const build = new GraphBuilder(graph);
  const x = build.input('x', 'float32', [3]);
  const [a, b] = [build.op('Relu', [x]), build.op('Neg', [x])];
  a.name = 'y';
  a.type = tensorType('float32', [3]);
  graph.outputs.push(a, a);
  graph.replace(a, b);
  assert.deepEqual(graph.outputs, [b, b], 'also where it is listed twice');
  assert.deepEqual([b.name, b.shape], ['y', [3]]);
  graph.replace(b, x);
  assert.deepEqual([graph.outputs[0].name, graph.outputs[0].producer?.op, x.name], ['y', 'Identity', 'x']);
  checkLinks(graph);
});

test('sorting keeps an order that is right already, and names a node of a cycle', () => {
  const graph = randomGraph(new Random(1), 30);
  const before = [...graph.nodes];
  graph.sort();
  assert.deepEqual(graph.nodes, before);
  const shuffled = new Random(2).shuffle([...before]);
  graph.nodes.splice(0, graph.nodes.length, ...shuffled);
  graph.sort();
  const place = new Map(graph.nodes.map((node, index) => [node, index]));
  for (const node of graph.nodes)
    for (const input of node.inputs) if (input?.producer) assert.ok((place.get(input.producer) ?? -1) < (place.get(node) ?? -1));
  const looped = new Graph('cycle');
  const [one, two] = ['one', 'two'].map((name) => {
    const node = looped.add(new Node('Relu', '', name));
    node.setOutput(0, new Value(`${name}_out`));
    return node;
  });
  one.setInput(0, two.outputs[0]);
  two.setInput(0, one.outputs[0]);
  assert.throws(() => looped.sort(), { name: 'GraphError', message: /Relu "one": The graph has a cycle/ });
  assert.throws(() => encodeModel(new Model(looped, 17)), { name: 'GraphError' });
});

test('a builder shares small constants, finds free names and takes plain attributes', () => {
  const graph = new Graph('built');
  const build = new GraphBuilder(graph, { prefix: 'grad' });
  assert.equal(build.scalar(2), build.scalar(2));
  assert.notEqual(build.scalar(0), build.scalar(-0));
  assert.notEqual(build.scalar(2), build.scalar(2, 'float16'));
  assert.equal(build.ints([1, 2]), build.ints([1, 2]));
  const x = build.input('x', 'float32', [2]);
  const node = build.op('Clip', [x, undefined, build.scalar(6), undefined], {
    axis: 1,
    ratio: 0.5,
    mode: 'edge',
    pads: [1, 2],
    scales: [0.5, 1],
  }).producer;
  assert.equal(node?.inputs.length, 3, 'inputs left out at the end are not written');
  const types = Object.fromEntries([...(node?.attributes ?? [])].map(([name, { type }]) => [name, type]));
  assert.deepEqual(types, { axis: 'int', ratio: 'float', mode: 'string', pads: 'ints', scales: 'floats' });
  assert.match(graph.freshName('x'), /^x_\d+$/);
  assert.deepEqual(attributeOf(floatAttribute(1), 'alpha', node as Node), { type: 'float', value: 1 });
  assert.throws(() => attributeOf([1, 'a'] as unknown as number[], 'odd', node as Node), { name: 'GraphError' });
  assert.throws(() => Tensor.of('float32', [3], new Float32Array(2)), { name: 'FormatError', message: /Expected 12 bytes, got 8/ });
});
