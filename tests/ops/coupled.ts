import assert from 'node:assert/strict';
import { Random, sizeOf, stridesOf } from 'espalier/base';
import { type AttributeLike, type Node, Tensor, type Value } from 'espalier/onnx';
import { type AxisRef, type CouplingContext, requireRule } from 'espalier/ops';
import { builder, run } from './onnxruntime.js';

/** One operator, its inputs as shapes (or tensors, for those whose contents matter), undefined for absent ones. */
export interface CoupledCase {
  op: string;
  inputs: readonly (readonly number[] | Tensor | undefined)[];
  attributes?: Readonly<Record<string, AttributeLike>>;
  outputs?: number;
  opset?: number;
}

/** What a coupling rule says about one node: which indices of which axes live and die together. */
export class Coupled {
  readonly node: Node;
  readonly #parents = new Map<string, string>();
  readonly #touched = new Set<string>();
  readonly #rewrites: Parameters<CouplingContext['afterwards']>[0][] = [];
  readonly #case: CoupledCase;

  constructor(each: CoupledCase) {
    this.#case = each;
    this.node = graphOf(each).node;
    const rule = requireRule(this.node).coupling;
    if ('refuses' in rule) throw new Error(rule.refuses);
    rule(this.#context(each.opset ?? 22));
  }

  /** Indices that go when `index` of an axis goes, by value name and axis: { "x 1": [0, 4] }. */
  with({ value, axis }: AxisRef, index: number): Record<string, number[]> {
    const root = this.#root(key(value, axis, index));
    const gone: Record<string, number[]> = {};
    for (const each of this.#parents.keys()) {
      if (this.#root(each) !== root) continue;
      const [name, at, k] = each.split(' ');
      gone[`${name} ${at}`] = [...(gone[`${name} ${at}`] ?? []), Number(k)].sort((a, b) => a - b);
    }
    return gone;
  }

  /** Whether the rule neither ties nor frees an axis. */
  isLocked({ value, axis }: AxisRef): boolean {
    return !this.#touched.has(`${value.name} ${axis}`);
  }

  /**
   * Removes what goes with `index` of an axis and compares, in ONNX Runtime: the smaller operator on what is left of the inputs must give
   * what is left of the outputs of the whole operator on inputs in which the removed elements are zero.
   */
  async provesRemoval(axis: AxisRef, index: number): Promise<void> {
    const gone = this.with(axis, index);
    const random = new Random(7);
    const whole = this.#case.inputs.map((input) => (input instanceof Tensor || !input ? input : noise(input, random)));
    const zeroed = whole.map((tensor, i) => tensor && zeroAt(tensor, axesOf(gone, `x${i}`, tensor.shape.length)));
    const smaller = whole.map((tensor, i) => tensor && cut(tensor, axesOf(gone, `x${i}`, tensor.shape.length)));
    const before = await runCase({ ...this.#case, inputs: zeroed });
    const after = await runCase({ ...this.#case, inputs: smaller, attributes: this.#attributesWithout(gone) });
    assert.deepEqual(Object.keys(after), Object.keys(before));
    for (const [name, result] of Object.entries(after)) {
      const want = cut(before[name], axesOf(gone, name, before[name].shape.length));
      assert.deepEqual(result.shape, want.shape, `${this.#case.op}: shape of ${name}`);
      const [a, b] = [result.numbers(), want.numbers()];
      a.forEach((number, i) => {
        assert.ok(Math.abs(number - b[i]) < 1e-5, `${this.#case.op}: ${name}[${i}] is ${number}, not ${b[i]}`);
      });
    }
  }

  #attributesWithout(gone: Record<string, number[]>): Readonly<Record<string, AttributeLike>> {
    const keptOf = (value: Value, axis: number): number[] => {
      const size = (value.shape as number[])[axis];
      const removed = gone[`${value.name} ${axis}`] ?? [];
      return Array.from({ length: size }, (_, k) => k).filter((k) => !removed.includes(k));
    };
    const sizes = (value: Value) => (value.shape as number[]).map((_, axis) => keptOf(value, axis).length);
    for (const rewrite of this.#rewrites) rewrite(sizes, ({ value, axis }) => keptOf(value, axis));
    return Object.fromEntries(this.node.attributes);
  }

  #context(opset: number): CouplingContext {
    const { node } = this;
    const size = ({ value, axis }: AxisRef) => (value.shape as number[])[axis];
    const touch = ({ value, axis }: AxisRef) => this.#touched.add(`${value.name} ${axis}`);
    return {
      node,
      opset,
      has: (index) => node.inputs[index] !== undefined,
      input: (index) => node.inputs[index] as Value,
      output: (index = 0) => node.outputs[index] as Value,
      shape: (value) => value.shape as number[],
      constant: (index) => node.inputs[index]?.constant,
      tie: (a, b, map = (index) => index) => {
        touch(a);
        touch(b);
        for (let k = 0; k < size(a); k++) {
          for (const other of [map(k)].flat()) {
            assert.ok(other >= 0 && other < size(b), `${node.op}: index ${other} of an axis of ${size(b)}`);
            this.#join(key(a.value, a.axis, k), key(b.value, b.axis, other));
          }
        }
      },
      tieWithin: ({ value, axis }, i, j) => this.#join(key(value, axis, i), key(value, axis, j)),
      tieOneOf: () => assert.fail('not used by these operators'),
      free: touch,
      afterwards: (rewrite) => void this.#rewrites.push(rewrite),
      refuse: (reason) => assert.fail(reason),
    };
  }

  #root(each: string): string {
    const parent = this.#parents.get(each);
    if (parent === undefined) this.#parents.set(each, each);
    return parent === undefined || parent === each ? each : this.#root(parent);
  }

  #join(a: string, b: string): void {
    this.#parents.set(this.#root(a), this.#root(b));
  }
}

function key(value: Value, axis: number, index: number): string {
  return `${value.name} ${axis} ${index}`;
}

function graphOf({ op, inputs, attributes = {}, outputs = 1, opset = 22 }: CoupledCase) {
  const build = builder(opset);
  const values = inputs.map((input, i) => {
    if (!input) return undefined;
    return input instanceof Tensor ? build.input(`x${i}`, input.dtype, input.shape) : build.input(`x${i}`, 'float32', input);
  });
  const made = build.node(op, values, attributes, { outputs: Array.from({ length: outputs }, (_, i) => `y${i}`) });
  for (const value of made) build.output(value);
  return { build, node: made[0].producer as Node };
}

async function runCase(each: CoupledCase): Promise<Record<string, Tensor>> {
  const { build } = graphOf(each);
  const feeds = each.inputs.flatMap((tensor, i) => (tensor instanceof Tensor ? [[`x${i}`, tensor] as const] : []));
  return run(build, Object.fromEntries(feeds), each.opset);
}

function noise(shape: readonly number[], random: Random): Tensor {
  return Tensor.from(
    'float32',
    shape,
    Array.from({ length: sizeOf(shape) }, () => 0.2 + random.uniform()),
  );
}

/** Removed indices per axis of one value. */
function axesOf(gone: Record<string, number[]>, name: string, rank: number): number[][] {
  return Array.from({ length: rank }, (_, axis) => gone[`${name} ${axis}`] ?? []);
}

function zeroAt(tensor: Tensor, removed: readonly number[][]): Tensor {
  const strides = stridesOf(tensor.shape);
  const numbers = tensor.numbers().map((number, i) => (isRemoved(i, tensor.shape, strides, removed) ? 0 : number));
  return Tensor.from(tensor.dtype, tensor.shape, numbers);
}

function cut(tensor: Tensor, removed: readonly number[][]): Tensor {
  const strides = stridesOf(tensor.shape);
  const numbers = Array.from(tensor.numbers()).filter((_, i) => !isRemoved(i, tensor.shape, strides, removed));
  const shape = tensor.shape.map((size, axis) => size - removed[axis].length);
  return Tensor.from(tensor.dtype, shape, numbers);
}

function isRemoved(element: number, shape: readonly number[], strides: readonly number[], removed: readonly number[][]): boolean {
  return removed.some((indices, axis) => indices.includes(Math.floor(element / strides[axis]) % shape[axis]));
}
