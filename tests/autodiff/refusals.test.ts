import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addGradients } from 'espalier/autodiff';
import { UnsupportedError } from 'espalier/base';
import { type AttributeLike, decodeModel, floatAttribute, Graph, GraphBuilder, Node, Tensor, tensorType, Value } from 'espalier/onnx';
import { knownOperators, ruleOf, TRAINING_OPSET, typedBuilder } from 'espalier/ops';
import { gradientCases, gradientFamilies } from './fixtures.js';

/** A graph of one node of any operator, x -> y, typed by hand as float vectors; asks for the gradient of y with respect to x. */
function differentiate(op: string, domain: string): unknown {
  const graph = new Graph('one node');
  const x = new Value('x', tensorType('float32', [2]));
  const y = new Value('y', tensorType('float32', [2]));
  const upstream = new Value('dy', tensorType('float32', [2]));
  graph.inputs.push(x, upstream);
  const node = new Node(op, domain, 'the node');
  node.setInput(0, x);
  node.setOutput(0, y);
  graph.add(node);
  graph.outputs.push(y);
  const opsets = new Map([['', TRAINING_OPSET]]);
  return addGradients({ build: new GraphBuilder(graph), opsets, from: new Map([[y, upstream]]), to: [x] });
}

test('every operator that declares itself not differentiable stops the gradient with its reason', () => {
  let count = 0;
  for (const [domain, op] of knownOperators()) {
    const rule = ruleOf({ domain, op })?.gradient;
    if (!rule || !('refuses' in rule)) continue;
    count++;
    assert.throws(
      () => differentiate(op, domain),
      (error) => error instanceof UnsupportedError && error.message.includes(rule.refuses) && error.where?.includes('the node'),
      `${domain}:${op}`,
    );
  }
  assert.ok(count > 50, `${count} operators refuse`);
});

test('an unknown operator on the path stops the gradient', () => {
  assert.throws(() => differentiate('Frobnicate', 'example.com'), UnsupportedError);
});

/** Differentiable operators without a fixture, and why. */
const unproved: Readonly<Record<string, string>> = {
  ':SwiGLU': 'comes with opset 28, which ONNX Runtime for Node does not load yet',
  ':OptionalHasElement': 'its output is a boolean: nothing flows back',
};

test('every operator that declares a gradient has a case from PyTorch', () => {
  const seen = new Set<string>();
  for (const family of gradientFamilies()) {
    for (const { model } of gradientCases(family)) for (const node of decodeModel(model).graph.nodes) seen.add(`${node.domain}:${node.op}`);
  }
  const missing = knownOperators()
    .filter(([domain, op]) => typeof ruleOf({ domain, op })?.gradient === 'function')
    .map(([domain, op]) => `${domain}:${op}`)
    .filter((key) => !seen.has(key));
  assert.deepEqual(missing.sort(), Object.keys(unproved).sort());
});

/** What a recurrent operator does that its gradient does not cover, and why. */
const recurrent: readonly { op: string; attributes: Readonly<Record<string, AttributeLike>>; because: RegExp }[] = [
  { op: 'LSTM', attributes: { layout: 1 }, because: /no kernel for its layout 1/ },
  { op: 'GRU', attributes: { clip: floatAttribute(3) }, because: /its gates are clipped/ },
  { op: 'LSTM', attributes: { input_forget: 1 }, because: /its input gate is tied to its forget gate/ },
  { op: 'RNN', attributes: { activations: ['Swish'] }, because: /the slope of its activation Swish is not known/ },
];

for (const { op, attributes, because } of recurrent) {
  test(`${op} with ${Object.keys(attributes)} is refused`, () => {
    const opsets = new Map([['', TRAINING_OPSET]]);
    const build = typedBuilder(new Graph('recurrent'), opsets);
    const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op] as number;
    const x = build.input('x', 'float32', [3, 2, 5]);
    const weights = [5, 4].map((size) => build.input('w', 'float32', [1, gates * 4, size]));
    const y = build.op(op, [x, ...weights], attributes);
    const dy = build.input('dy', 'float32', y.shape as number[]);
    assert.throws(
      () => addGradients({ build, opsets, from: new Map([[y, dy]]), to: [x] }),
      (error) => error instanceof UnsupportedError && because.test(error.message),
    );
  });
}

test('a value that the loss does not depend on has a gradient of zeros, or none where the caller is lenient', () => {
  const build = new GraphBuilder(new Graph('apart'));
  const used = build.input('used', 'float32', [2]);
  const unused = build.input('unused', 'float32', [2, 3]);
  const y = build.op('Exp', [used]);
  y.type = tensorType('float32', [2]);
  const request = {
    build,
    opsets: new Map([['', TRAINING_OPSET]]),
    from: new Map([[y, build.constant(Tensor.from('float32', [2], [1, 1]))]]),
  };
  const zeros = addGradients({ ...request, to: [unused] }).get(unused);
  assert.equal(zeros?.producer?.op, 'ConstantOfShape');
  assert.deepEqual([...(zeros?.producer?.inputs[0]?.constant?.numbers() ?? [])], [2, 3]);
  assert.equal(addGradients({ ...request, to: [unused], lenient: true }).size, 0);
});

test('a shape that is not static is refused, and not guessed', () => {
  const build = new GraphBuilder(new Graph('symbolic'));
  const x = build.input('x', 'float32', [2]);
  const y = build.op('Exp', [x]);
  x.type = tensorType('float32');
  assert.throws(
    () =>
      addGradients({ build, opsets: new Map([['', TRAINING_OPSET]]), from: new Map([[y, build.input('dy', 'float32', [2])]]), to: [x] }),
    /shape of "x" is not known/,
  );
});
