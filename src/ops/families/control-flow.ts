import { GraphError } from '../../base/index.js';
import { type Dim, type Graph, SymbolicDim, sameDim, tensorType, type Value, type ValueType } from '../../onnx/index.js';
import { type Family, type InferContext, type InferRule, type Inferred, noMacs, type OpRule, refuses } from '../rule.js';
import { normalizeAxis } from '../shared/axes.js';
import { tensorOf, unifyTypes } from '../shared/inferred.js';
import { withTraits } from '../with-traits.js';

/**
 * What both branches give, or the one that is taken, where the condition is known. A branch that contradicts the given shapes cannot be the
 * one that they take, so the other one tells.
 */
const inferIf: InferRule = (context) => {
  const branches = [inferBranch(context, 'then_branch'), inferBranch(context, 'else_branch')];
  const condition = context.integers(0)?.[0] ?? context.constant(0)?.numbers()[0];
  const possible = typeof condition === 'number' ? [branches[condition === 0 ? 1 : 0]] : branches;
  const [first, second] = possible.filter((branch) => !(branch instanceof GraphError)) as (readonly Inferred[])[];
  if (!first) throw possible[0];
  if (!second) return possible.length === 1 ? first : first.map((each) => typed(each?.type));
  return context.node.outputs.map((_, index) => typed(unifyTypes(first[index]?.type, second[index]?.type)));
};

/** Types of a branch's outputs, or how it contradicts what it reads. */
function inferBranch(context: InferContext, name: string): readonly Inferred[] | GraphError {
  const graph = context.node.subgraph(name);
  try {
    return graph ? context.subgraph(graph, []) : [];
  } catch (error) {
    if (error instanceof GraphError) return error;
    throw error;
  }
}

function typed(type: ValueType | undefined): Inferred {
  return type && { type };
}

interface Turns {
  /** Types of the body's inputs: those that it gets anew each turn, around those that it carries from turn to turn. */
  readonly before: readonly Inferred[];
  readonly carried: readonly Inferred[];
  readonly after: readonly Inferred[];
  /** Number of the body's outputs before the carried ones. */
  readonly skipped: number;
}

/**
 * Infers a body that runs many times. A carried value whose type is another after a turn may be anything in that respect: its type is
 * widened and the body inferred again, until nothing changes. Ends, since each round gives up at least one dimension or rank.
 */
function inferTurns(context: InferContext, body: Graph, { before, carried, after, skipped }: Turns) {
  const declared = new Map([...body.values(true)].map((value) => [value, value.type]));
  const wide = new Set<Dim>();
  let types = carried.map((each) => each?.type);
  for (;;) {
    for (const [value, type] of declared) value.type = type;
    const outputs = context.subgraph(body, [...before, ...types.map(typed), ...after]);
    const widened = types.map((type, index) => widen(type, outputs[index + skipped]?.type, wide));
    if (widened.every((type, index) => type === types[index])) return { carried: types.map(typed), outputs };
    types = widened;
  }
}

/** The type of a carried value after one more turn: the same object where the turn brings nothing that it does not allow. */
function widen(type: ValueType | undefined, next: ValueType | undefined, wide: Set<Dim>): ValueType | undefined {
  if (type?.kind === 'sequence' || type?.kind === 'optional') {
    const inner = next?.kind === 'sequence' || next?.kind === 'optional' ? next : undefined;
    // A turn may take an optional value and hand on a plain one.
    const element = widen(type.element, inner?.kind === type.kind ? inner.element : next, wide);
    return element === type.element ? type : { kind: type.kind, element };
  }
  if (type?.kind !== 'tensor' || !type.shape || next?.kind !== 'tensor') return type;
  const turned = next.shape;
  if (turned?.length !== type.shape.length) return tensorType(type.dtype);
  if (type.shape.every((dim, axis) => wide.has(dim) || sameDim(dim, turned[axis]))) return type;
  const shape = type.shape.map((dim, axis) => {
    if (wide.has(dim) || sameDim(dim, turned[axis])) return dim;
    const any = SymbolicDim.unknown();
    wide.add(any);
    return any;
  });
  return tensorType(type.dtype, shape);
}

const inferLoop: InferRule = (context) => {
  const { node } = context;
  const body = node.subgraph('body');
  if (!body) return [];
  const count = Math.max(0, node.inputs.length - 2);
  const { carried, outputs } = inferTurns(context, body, {
    before: [tensorOf('int64', []), tensorOf('bool', [])],
    carried: inputsFrom(context, 2),
    after: [],
    skipped: 1,
  });
  const turns = runsToTheEnd(context, body) ? (context.integers(0)?.[0] ?? SymbolicDim.unknown()) : SymbolicDim.unknown();
  const final = Array.from({ length: count }, (_, index) => lastOf(carried[index], outputs[index + 1], turns));
  return [...final, ...outputs.slice(count + 1).map((each) => stacked(each, turns, 0))];
};

function inputsFrom(context: InferContext, first: number): Inferred[] {
  return context.node.inputs.slice(first).map((_, index) => typed(context.type(index + first)));
}

/** A carried value after the last turn: what the body makes, or what went in where there may be no turn. */
function lastOf(carried: Inferred, made: Inferred, turns: Dim): Inferred {
  if (!made || carried?.type.kind !== made.type.kind || (typeof turns === 'number' && turns > 0)) return typed(made?.type);
  return typed(unifyTypes(carried.type, made.type));
}

/** Whether only the trip count ends a Loop: its condition starts true and each turn hands it on, or says true. */
function runsToTheEnd(context: InferContext, body: Graph): boolean {
  const starts = !context.has(1) || context.constant(1)?.numbers()[0] === 1;
  const condition = throughIdentities(body.outputs[0]);
  return starts && (condition === body.inputs[1] || condition?.constant?.numbers()[0] === 1);
}

function throughIdentities(value: Value | undefined): Value | undefined {
  const { producer } = value ?? {};
  return producer?.op === 'Identity' && producer.domain === '' ? throughIdentities(producer.inputs[0]) : value;
}

/** A value of every turn, stacked along a new axis. */
function stacked(each: Inferred, turns: Dim, axis: number): Inferred {
  if (each?.type.kind !== 'tensor') return undefined;
  return tensorOf(each.type.dtype, each.type.shape?.toSpliced(axis, 0, turns));
}

/** A scanned value as one turn sees it, and the number of turns that its axis gives. */
function sliced(type: ValueType | undefined, axis: (rank: number) => number): { each: Inferred; turns?: Dim } {
  if (type?.kind !== 'tensor' || !type.shape) return { each: type?.kind === 'tensor' ? tensorOf(type.dtype, undefined) : undefined };
  const at = axis(type.shape.length);
  return { each: tensorOf(type.dtype, type.shape.toSpliced(at, 1)), turns: type.shape[at] };
}

const inferScan: InferRule = (context) => (context.opset < 9 ? inferBatchedScan(context) : inferPlainScan(context));

const inferPlainScan: InferRule = (context) => {
  const { node } = context;
  const body = node.subgraph('body');
  if (!body) return [];
  const scanned = node.int('num_scan_inputs', 0);
  const states = node.inputs.length - scanned;
  const axes = node.ints('scan_input_axes', undefined);
  const parts = inputsFrom(context, states).map((input, index) =>
    sliced(input?.type, (rank) => normalizeAxis(node, axes?.[index] ?? 0, rank)),
  );
  const { outputs } = inferTurns(context, body, {
    before: [],
    carried: inputsFrom(context, 0).slice(0, states),
    after: parts.map(({ each }) => each),
    skipped: 0,
  });
  const turns = turnsOf(parts);
  const outputAxes = node.ints('scan_output_axes', undefined);
  return outputs.map((each, index) => {
    if (index < states) return typed(each?.type);
    const rank = each?.type.kind === 'tensor' ? each.type.shape?.length : undefined;
    return rank === undefined
      ? stacked(each, turns, 0)
      : stacked(each, turns, normalizeAxis(node, outputAxes?.[index - states] ?? 0, rank + 1));
  });
};

function turnsOf(parts: readonly { turns?: Dim }[]): Dim {
  const known = parts.flatMap(({ turns }) => (turns === undefined ? [] : [turns]));
  return known.find((turns) => typeof turns === 'number') ?? known[0] ?? SymbolicDim.unknown();
}

/** Scan of opset 8: every value has a batch axis in front that the body does not see, and scanned values are [batch, turns, …]. */
const inferBatchedScan: InferRule = (context) => {
  const { node } = context;
  const body = node.subgraph('body');
  if (!body) return [];
  const states = node.inputs.length - 1 - node.int('num_scan_inputs', 0);
  const inputs = inputsFrom(context, 1).map((input) => sliced(input?.type, () => 0));
  const batch = turnsOf(inputs);
  const parts = inputs.slice(states).map(({ each }) => sliced(each?.type, () => 0));
  const { outputs } = inferTurns(context, body, {
    before: [],
    carried: inputs.slice(0, states).map(({ each }) => each),
    after: parts.map(({ each }) => each),
    skipped: 0,
  });
  const turns = turnsOf(parts);
  return outputs.map((each, index) => stacked(index < states ? each : stacked(each, turns, 0), batch, 0));
};

const inside = 'values pass through a subgraph';

function controls(infer: InferRule, upgrades: OpRule['upgrades'] = {}): OpRule {
  return { infer, macs: noMacs, gradient: refuses(inside), coupling: refuses(inside), quantization: { kind: 'float' }, upgrades };
}

const rules = {
  If: controls(inferIf),
  Loop: controls(inferLoop),
  Scan: controls(inferScan, {
    9: ({ refuse }) => refuse('its batch axis has no counterpart'),
  }),
} satisfies Family;

/** Operators that run graphs. What the nodes inside cost is counted there. */
export const controlFlow = withTraits(rules, {
  If: { branches: true },
});
