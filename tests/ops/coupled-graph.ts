import assert from 'node:assert/strict';
import { Random, sizeOf, stridesOf } from 'espalier/base';
import { type GraphBuilder, type Node, Tensor, type Value } from 'espalier/onnx';
import { type AxisChoice, type AxisRef, type CouplingContext, requireRule } from 'espalier/ops';
import { builder, run } from './onnxruntime.js';

/** Writes a graph; the same one each time it is called. */
export type Write = (build: GraphBuilder) => void;

type Rewrite = Parameters<CouplingContext['afterwards']>[0];

/**
 * A reference pruner, as plain as can be: it collects what the coupling rules of all nodes say, tells what goes with an index, and takes it
 * out. Small graphs only.
 */
export class CoupledGraph {
  readonly #write: Write;
  readonly #build: GraphBuilder;
  #parents = new Map<string, string>();
  readonly #locked = new Set<string>();
  readonly #choices: { whole: AxisRef; choices: readonly AxisChoice[] }[] = [];
  readonly #rewrites: Rewrite[] = [];

  constructor(write: Write, opset = 18) {
    this.#write = write;
    this.#build = builder(opset);
    write(this.#build);
    const { graph } = this.#build;
    for (const value of [...graph.inputs, ...graph.outputs])
      for (const axis of indices(value.shape?.length ?? 0)) this.#lock({ value, axis });
    for (const node of graph.nodes) this.#declare(node, opset);
    this.#settle();
  }

  /** Indices that go when `index` of an axis of a value goes, by name and axis ({ "w 1": [0, 4] }); 'locked' where none may. */
  with(name: string, axis: number, index: number): Record<string, number[]> | 'locked' {
    const root = this.#root(`${name} ${axis} ${index}`);
    const gone: Record<string, number[]> = {};
    for (const each of [...this.#parents.keys()].filter((other) => this.#root(other) === root)) {
      if (this.#locked.has(each)) return 'locked';
      const [value, at, k] = each.split(' ');
      gone[`${value} ${at}`] = [...(gone[`${value} ${at}`] ?? []), Number(k)].sort((a, b) => a - b);
    }
    return gone;
  }

  /** What `with` says of weights only. */
  weightsWith(name: string, axis: number, index: number): Record<string, number[]> | 'locked' {
    const gone = this.with(name, axis, index);
    if (gone === 'locked') return gone;
    const weights = new Set([...this.#build.graph.initializers].map((value) => value.name));
    return Object.fromEntries(Object.entries(gone).filter(([key]) => weights.has(key.split(' ')[0])));
  }

  /** Takes out what goes with an index, and compares in ONNX Runtime with the whole graph in which those weights are zero. */
  async provesRemoval(name: string, axis: number, index: number, opset = 18): Promise<void> {
    const gone = this.with(name, axis, index);
    assert.ok(gone !== 'locked', `${name} may be pruned`);
    const feeds = this.#feeds();
    const whole = builder(opset);
    this.#write(whole);
    for (const value of whole.graph.initializers) value.initializer = changed(value, gone, zeroed);
    const want = await run(whole, feeds, opset);
    this.#takeOut(gone);
    const got = await run(this.#build, feeds, opset);
    assert.deepEqual(Object.keys(got), Object.keys(want));
    for (const [output, tensor] of Object.entries(want)) {
      assert.deepEqual(got[output].shape, tensor.shape, `shape of ${output}`);
      const numbers = tensor.numbers();
      got[output].numbers().forEach((number, i) => {
        assert.ok(Math.abs(number - numbers[i]) < 1e-4, `${output}[${i}] is ${number}, not ${numbers[i]}`);
      });
    }
  }

  #takeOut(gone: Record<string, number[]>): void {
    const kept = ({ value, axis }: AxisRef) => {
      const removed = gone[`${value.name} ${axis}`] ?? [];
      return indices((value.shape as number[])[axis]).filter((k) => !removed.includes(k));
    };
    const size = (value: Value) => (value.shape as number[]).map((_, axis) => kept({ value, axis }).length);
    for (const value of this.#build.graph.initializers) value.initializer = changed(value, gone, cut);
    for (const rewrite of this.#rewrites) rewrite(size, kept);
    for (const node of this.#build.graph.nodes) for (const output of node.outputs) if (output) output.type = undefined;
  }

  #feeds(): Record<string, Tensor> {
    const random = new Random(11);
    return Object.fromEntries(
      this.#build.graph.inputs.map(({ name, shape }) => {
        const numbers = Array.from({ length: sizeOf(shape as number[]) }, () => random.uniform() - 0.3);
        return [name, Tensor.from('float32', shape as number[], numbers)];
      }),
    );
  }

  #declare(node: Node, opset: number): void {
    const { coupling } = requireRule(node);
    const touched = new Set<string>();
    const touch = ({ value, axis }: AxisRef) => touched.add(`${value.name} ${axis}`);
    const size = ({ value, axis }: AxisRef) => (value.shape as number[])[axis];
    const context: CouplingContext = {
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
        for (const k of indices(size(a))) for (const other of [map(k)].flat()) this.#join(key(a, k), key(b, other));
      },
      tieWithin: (axis, i, j) => this.#join(key(axis, i), key(axis, j)),
      tieOneOf: (whole, choices) => {
        for (const each of [whole, ...choices.map(({ axis }) => axis)]) touch(each);
        this.#choices.push({ whole, choices });
      },
      free: touch,
      afterwards: (rewrite) => void this.#rewrites.push(rewrite),
      refuse: (reason) => assert.fail(reason),
    };
    if (!('refuses' in coupling)) coupling(context);
    for (const value of [...node.inputs, ...node.outputs]) {
      value?.shape?.forEach((_, axis) => {
        if (!touched.has(`${value.name} ${axis}`)) this.#lock({ value, axis });
      });
    }
  }

  /** Ties each merged or split axis with the best of its choices that are not locked, those with the fewest such choices first. */
  #settle(): void {
    const open = [...this.#choices];
    while (open.length > 0) {
      const free = open.map(({ choices }) => choices.filter(({ axis }) => !this.#isLocked(axis)));
      const next = free.reduce((best, each, i) => (each.length < free[best].length ? i : best), 0);
      const [{ whole, choices }] = open.splice(next, 1);
      const groups = free[next].map((choice) => this.#groupsLeft(whole, choice));
      const chosen = free[next][groups.indexOf(Math.max(...groups))];
      for (const { axis } of choices) if (axis !== chosen?.axis) this.#lock(axis);
      if (chosen) for (const [a, b] of this.#tiesOf(whole, chosen)) this.#join(a, b);
      else this.#lock(whole);
    }
  }

  #tiesOf(whole: AxisRef, { axis, map }: AxisChoice): [string, string][] {
    return indices((axis.value.shape as number[])[axis.axis]).flatMap((k) =>
      map(k).map((other): [string, string] => [key(axis, k), key(whole, other)]),
    );
  }

  /** Groups that the indices of `whole` would fall into. */
  #groupsLeft(whole: AxisRef, choice: AxisChoice): number {
    const before = new Map(this.#parents);
    for (const [a, b] of this.#tiesOf(whole, choice)) this.#join(a, b);
    const groups = new Set(indices((whole.value.shape as number[])[whole.axis]).map((k) => this.#root(key(whole, k))));
    this.#parents = before;
    return groups.size;
  }

  #isLocked(axis: AxisRef): boolean {
    const roots = new Set([...this.#locked].map((each) => this.#root(each)));
    return indices((axis.value.shape as number[])[axis.axis]).every((k) => roots.has(this.#root(key(axis, k))));
  }

  #lock(axis: AxisRef): void {
    for (const k of indices((axis.value.shape as number[])[axis.axis])) {
      this.#root(key(axis, k));
      this.#locked.add(key(axis, k));
    }
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

function key({ value, axis }: AxisRef, index: number): string {
  return `${value.name} ${axis} ${index}`;
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, k) => k);
}

function changed(value: Value, gone: Record<string, number[]>, change: (tensor: Tensor, removed: number[][]) => Tensor): Tensor {
  const tensor = value.initializer as Tensor;
  const removed = tensor.shape.map((_, axis) => gone[`${value.name} ${axis}`] ?? []);
  return removed.some((each) => each.length > 0) ? change(tensor, removed) : tensor;
}

function zeroed(tensor: Tensor, removed: readonly number[][]): Tensor {
  return Tensor.from(
    tensor.dtype,
    tensor.shape,
    tensor.numbers().map((number, i) => (isRemoved(i, tensor.shape, removed) ? 0 : number)),
  );
}

function cut(tensor: Tensor, removed: readonly number[][]): Tensor {
  const numbers = Array.from(tensor.numbers()).filter((_, i) => !isRemoved(i, tensor.shape, removed));
  return Tensor.from(
    tensor.dtype,
    tensor.shape.map((size, axis) => size - removed[axis].length),
    numbers,
  );
}

function isRemoved(element: number, shape: readonly number[], removed: readonly number[][]): boolean {
  const strides = stridesOf(shape);
  return removed.some((each, axis) => each.includes(Math.floor(element / strides[axis]) % shape[axis]));
}
