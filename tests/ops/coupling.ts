import assert from 'node:assert/strict';
import { staticShape, type Value } from 'espalier/onnx';
import { type AxisRef, type CouplingContext, requireRule } from 'espalier/ops';

/** What the coupling rule of the node that makes `output` says, as text: ties "a1=y1" (axis 1 of a with axis 1 of y) and free axes "b0", both sorted. */
export interface CouplingFacts {
  ties: string[];
  free: string[];
}

export function couplingOf(output: Value, opset = 22): CouplingFacts {
  const node = output.producer;
  assert.ok(node);
  const rule = requireRule(node).coupling;
  assert.ok(typeof rule === 'function');
  const facts: CouplingFacts = { ties: [], free: [] };
  rule(contextOf(output, opset, facts));
  return { ties: facts.ties.sort(), free: facts.free.sort() };
}

const print = ({ value, axis }: AxisRef) => `${value.name}${axis}`;

function contextOf(made: Value, opset: number, facts: CouplingFacts): CouplingContext {
  const node = made.producer as NonNullable<Value['producer']>;
  const required = (value: Value | undefined): Value => {
    assert.ok(value);
    return value;
  };
  return {
    node,
    opset,
    has: (index) => node.inputs[index] !== undefined,
    input: (index) => required(node.inputs[index]),
    output: (index = 0) => required(node.outputs[index]),
    shape: (value) => staticShape(value.shape) ?? assert.fail(`${value.name} has no static shape`),
    constant: (index) => node.inputs[index]?.constant,
    tie: (a, b) => facts.ties.push([print(a), print(b)].sort().join('=')),
    tieWithin: () => {},
    tieOneOf: () => {},
    free: (axis) => facts.free.push(print(axis)),
    afterwards: () => {},
    refuse: (reason) => assert.fail(reason),
  };
}
