import { EspalierError, UnsupportedError } from '../../base/index.js';
import { type Graph, type Node, staticShape, type Value } from '../../onnx/index.js';
import { type AxisChoice, type AxisRef, type CouplingContext, type CouplingRule, ruleOf, traitsOf } from '../../ops/index.js';
import type { Barrier, Rewrite } from './barrier.js';
import type { Axis, Elements, Obstacle } from './elements.js';

/** What was said of a graph's nodes besides ties. */
interface Outcome {
  rewrites: Rewrite[];
  barriers: Barrier[];
}

/** An axis that follows one of several, which is settled when all else is known. */
interface Pending {
  readonly node: Node;
  readonly whole: Axis;
  choices: readonly { readonly axis: Axis; readonly map: AxisChoice['map'] }[];
}

/** Ties and locks the elements of a graph as its nodes' rules say. */
export function couple(graph: Graph, opsets: ReadonlyMap<string, number>, elements: Elements): Outcome {
  const rewrites: Rewrite[] = [];
  const barriers: Barrier[] = [];
  const pending: Pending[] = [];
  for (const node of graph.nodes) {
    const opset = opsets.get(node.domain) ?? opsets.get(node.domain === '' ? 'ai.onnx' : '') ?? 1;
    const visit = new Visit(node, opset, elements);
    const reason = visit.run();
    if (reason === undefined) {
      for (const rewrite of visit.rewrites) rewrites.push(rewrite);
      for (const later of visit.pending) pending.push(later);
    } else if (!computesWithConstants(node)) barriers.push({ node, reason });
  }
  settle(pending, elements);
  return { rewrites, barriers };
}

/** Nodes that compute shapes and the like carry nothing that could be pruned: it is no news that they keep it. */
function computesWithConstants(node: Node): boolean {
  return node.inputs.every((input) => !input || input.constant !== undefined) && node.subgraphs().length === 0;
}

/** One node being asked for its ties. */
class Visit {
  readonly rewrites: Rewrite[] = [];
  readonly pending: Pending[] = [];
  readonly #node: Node;
  readonly #opset: number;
  readonly #elements: Elements;
  readonly #touched = new Set<Axis>();

  constructor(node: Node, opset: number, elements: Elements) {
    this.#node = node;
    this.#opset = opset;
    this.#elements = elements;
  }

  /** Asks the rule and locks what it leaves open; everything, where there is no rule or it cannot say. Then the reason is returned. */
  run(): string | undefined {
    const reason = this.#ask();
    for (const value of valuesNextTo(this.#node)) {
      for (const axis of this.#elements.axesOf(value)) {
        if (reason !== undefined || !this.#touched.has(axis)) this.#elements.lock(axis, { reason: this.#obstacle(reason) });
      }
    }
    return reason;
  }

  #obstacle(reason: string | undefined): string {
    const { label } = this.#node;
    if (traitsOf(this.#node).shapeOnly) return `${label} computes with their number`;
    return reason === undefined ? `${label} mixes them` : `${label} stops it (${reason})`;
  }

  #ask(): string | undefined {
    const rule = ruleOf(this.#node)?.coupling;
    if (!rule) return 'there is no rule for this operator';
    if ('refuses' in rule) return rule.refuses;
    if (this.#node.outputs[0]?.constant) return undefined;
    return this.#apply(rule);
  }

  #apply(rule: CouplingRule): string | undefined {
    try {
      rule(this.#context());
      return undefined;
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      return error.what;
    }
  }

  #context(): CouplingContext {
    const node = this.#node;
    const elements = this.#elements;
    const touch = (ref: AxisRef): Axis => {
      const axis = elements.axis(ref);
      this.#touched.add(axis);
      return axis;
    };
    const present = (value: Value | undefined): Value => {
      if (value) return value;
      throw new UnsupportedError({ what: 'an input or output that the rule needs is absent', where: node.label });
    };
    return {
      node,
      opset: this.#opset,
      has: (index) => node.inputs[index] !== undefined,
      input: (index) => present(node.inputs[index]),
      output: (index = 0) => present(node.outputs[index]),
      shape: (value) => shapeOf(value),
      constant: (index) => node.inputs[index]?.constant,
      tie: (a, b, map) => tie(elements, touch(a), touch(b), map),
      tieWithin: (ref, i, j) => elements.join(elements.axis(ref), i, elements.axis(ref), j),
      tieOneOf: (whole, choices) => {
        this.pending.push({ node, whole: touch(whole), choices: choices.map(({ axis, map }) => ({ axis: touch(axis), map })) });
      },
      free: (axis) => void touch(axis),
      afterwards: (rewrite) => void this.rewrites.push(rewrite),
      refuse: (reason) => {
        throw new UnsupportedError({ what: reason });
      },
    };
  }
}

function shapeOf(value: Value): readonly number[] {
  const shape = staticShape(value.shape) ?? value.constant?.shape;
  if (shape) return shape;
  throw new UnsupportedError({ what: `the shape of "${value.name}" is only known when it runs` });
}

function tie(elements: Elements, a: Axis, b: Axis, map: (index: number) => number | readonly number[] = (index) => index): void {
  for (let index = 0; index < a.size; index++) {
    const others = map(index);
    if (typeof others === 'number') elements.join(a, index, b, others);
    else for (const other of others) elements.join(a, index, b, other);
  }
}

/** Everything that a node reads or makes, the outer values that its subgraphs read included. */
function valuesNextTo(node: Node): Value[] {
  const values = [...node.inputs, ...node.outputs].filter((value) => value !== undefined);
  for (const graph of node.subgraphs()) {
    for (const output of graph.outputs) values.push(output);
    for (const inner of graph.nodes) for (const value of valuesNextTo(inner)) values.push(value);
  }
  return values;
}

/**
 * Lets each pending axis follow one of its choices that is still open: heads of an attention, or else the first. The others are locked, and
 * the axis itself where none is open. Those with the fewest open choices go first, for they have the least to choose from. An axis once
 * closed stays so.
 */
function settle(pending: readonly Pending[], elements: Elements): void {
  const left = new Set(pending);
  while (left.size > 0) {
    let next: Pending | undefined;
    for (const each of left) {
      const open = each.choices.filter(({ axis }) => !elements.isClosed(axis));
      if (open.length === 0) elements.lock(each.whole, obstacleTo(each, elements));
      each.choices = open;
      if (!next || each.choices.length < next.choices.length) next = each;
    }
    if (!next) return;
    left.delete(next);
    const chosen = next.choices.find(({ axis }) => elements.isHeads(axis)) ?? next.choices[0];
    for (const choice of next.choices) {
      if (choice !== chosen) elements.lock(choice.axis, { reason: `${next.node.label} can lose indices of one axis only` });
    }
    if (chosen) tie(elements, chosen.axis, next.whole, chosen.map);
  }
}

/** Why an axis has no part left that it could follow: what stops the longest of them. */
function obstacleTo({ choices, node }: Pending, elements: Elements): Obstacle {
  const [longest] = choices;
  return (longest && elements.obstacleOf(elements.rootOf(longest.axis, 0))) ?? { reason: `${node.label} mixes them` };
}
