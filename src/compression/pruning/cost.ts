import { EspalierError, sizeOf } from '../../base/index.js';
import { byteLengthOf, type DataType, type Node, type Value } from '../../onnx/index.js';
import { ruleOf } from '../../ops/index.js';
import type { Dependencies } from './dependencies.js';
import type { Axis, Elements } from './elements.js';

/** What pruning is to save: multiply-accumulates of one run, learned numbers, bytes of constants, or bytes of all that the nodes of one run make. */
export type CostKind = 'macs' | 'parameters' | 'bytes' | 'activations';

/** How many indices of an axis go. */
export interface Loss {
  readonly axis: Axis;
  readonly count: number;
}

/** Types of shapes, indices and texts: no parameters. */
const unlearned = new Set<DataType>(['int64', 'bool', 'string']);

/** A summand of the cost: of one node or one constant. */
interface Item {
  readonly axes: readonly Axis[];
  readonly evaluate: () => number;
  now: number;
}

/** The cost of a graph while its axes shrink. */
export class Cost {
  readonly #elements: Elements;
  /** Present size of each axis, by its id. */
  readonly #sizes: Int32Array;
  readonly #itemsOf = new Map<Axis, Item[]>();
  #total = 0;

  constructor(dependencies: Dependencies, kind: CostKind) {
    this.#elements = dependencies.elements;
    this.#sizes = Int32Array.from(dependencies.elements.axes, (axis) => axis.size);
    if (kind === 'activations') for (const node of dependencies.graph.nodes) this.#addOutputs(node);
    else if (kind === 'macs') for (const node of dependencies.graph.nodes) this.#addNode(node, dependencies.opsets);
    else for (const value of dependencies.graph.initializers) this.#addConstant(value, kind);
  }

  get total(): number {
    return this.#total;
  }

  sizeOf(axis: Axis): number {
    return this.#sizes[axis.id];
  }

  /** What would be saved now if axes lost so many indices. */
  saving(losses: readonly Loss[]): number {
    const items = new Set(losses.flatMap(({ axis }) => this.#itemsOf.get(axis) ?? []));
    this.#shrink(losses, 1);
    let saved = 0;
    for (const item of items) saved += item.now - item.evaluate();
    this.#shrink(losses, -1);
    return saved;
  }

  /** Axes lose so many indices. */
  remove(losses: readonly Loss[]): void {
    this.#shrink(losses, 1);
    for (const item of new Set(losses.flatMap(({ axis }) => this.#itemsOf.get(axis) ?? []))) {
      const now = item.evaluate();
      this.#total += now - item.now;
      item.now = now;
    }
  }

  /** Axes whose sizes the cost of any of `axes` depends on. */
  neighboursOf(axes: readonly Axis[]): Set<Axis> {
    return new Set(axes.flatMap((axis) => this.#itemsOf.get(axis) ?? []).flatMap((item) => item.axes));
  }

  #shrink(losses: readonly Loss[], sign: number): void {
    for (const { axis, count } of losses) this.#sizes[axis.id] -= sign * count;
  }

  #shape(value: Value | undefined): number[] {
    return value ? this.#elements.axesOf(value).map((axis) => this.#sizes[axis.id]) : [];
  }

  #addNode(node: Node, opsets: ReadonlyMap<string, number>): void {
    const rule = ruleOf(node);
    const values = [...node.inputs, ...node.outputs].filter((value) => value !== undefined);
    if (!rule || node.subgraphs().length > 0 || !values.every((value) => this.#elements.has(value))) return;
    const context = {
      node,
      opset: opsets.get(node.domain) ?? opsets.get(node.domain === '' ? 'ai.onnx' : '') ?? 1,
      input: (index: number) => this.#shape(node.inputs[index]),
      output: (index: number) => this.#shape(node.outputs[index]),
    };
    try {
      this.#add(values, () => rule.macs(context));
    } catch (error) {
      // What cannot be counted cannot be saved either.
      if (!(error instanceof EspalierError)) throw error;
    }
  }

  #addOutputs(node: Node): void {
    for (const value of node.outputs) {
      const { dtype } = value ?? {};
      if (!value || !dtype || dtype === 'string' || !this.#elements.has(value)) continue;
      this.#add([value], () => byteLengthOf(dtype, sizeOf(this.#shape(value))));
    }
  }

  #addConstant(value: Value, kind: 'parameters' | 'bytes'): void {
    const { initializer } = value;
    if (!initializer || unlearned.has(initializer.dtype)) return;
    const count = () => this.#shape(value).reduce((product, size) => product * size, 1);
    this.#add([value], kind === 'parameters' ? count : () => byteLengthOf(initializer.dtype, count()));
  }

  #add(values: readonly Value[], evaluate: () => number): void {
    const now = evaluate();
    if (now === 0) return;
    const axes = [...new Set(values.flatMap((value) => this.#elements.axesOf(value)))];
    const item = { axes, evaluate, now };
    this.#total += now;
    for (const axis of axes) {
      const items = this.#itemsOf.get(axis);
      if (items) items.push(item);
      else this.#itemsOf.set(axis, [item]);
    }
  }
}
