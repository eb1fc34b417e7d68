import type { Graph, Model, Node, Value } from '../../onnx/index.js';
import { type AxisRef, layerOf } from '../../ops/index.js';
import type { Barrier, Rewrite } from './barrier.js';
import { couple } from './coupling.js';
import { type Axis, Elements } from './elements.js';

/** Indices of one axis that go when their group goes. */
export interface Part {
  readonly axis: Axis;
  readonly indices: readonly number[];
}

/** Everything that is removed together: a channel with the slices of every weight, bias and activation that hang on it. */
export type Group = readonly Part[];

/** What goes with what in a graph. */
export interface Dependencies {
  readonly graph: Graph;
  readonly opsets: ReadonlyMap<string, number>;
  readonly elements: Elements;
  /** Groups that may be removed and hold a slice of some constant, in the order of their first elements. */
  readonly groups: readonly Group[];
  readonly rewrites: readonly Rewrite[];
  readonly barriers: readonly Barrier[];
}

export interface DependencyOptions {
  /** Names of nodes, whose outputs keep their sizes, and of constants, which keep their shapes. Default: none. */
  exclude?: readonly string[];
  /** Whether attentions lose whole heads rather than a part of each head. Default false. */
  heads?: boolean;
}

/**
 * Finds what must be removed together, by asking every node's coupling rule: the idea of the dependency graph (Fang et al. 2023), with
 * single indices of axes as its elements. Inputs and outputs of the model never change. Where an operator has no rule, or its rule
 * refuses, everything next to it is kept, and `barriers` says why: nothing is assumed.
 * @param model functions inlined, shapes static; values without a static shape are kept as they are.
 */
export function findDependencies({ graph, opsets }: Model, { exclude = [], heads = false }: DependencyOptions = {}): Dependencies {
  const elements = new Elements(graph.values());
  const keep = (values: readonly Value[], reasonOf: (value: Value) => string) => {
    for (const value of values) {
      for (const axis of elements.axesOf(value)) elements.lock(axis, { reason: reasonOf(value), isGiven: true });
    }
  };
  keep(graph.feeds, ({ name }) => `the input "${name}" keeps its shape`);
  keep(graph.outputs, ({ name }) => `the output "${name}" keeps its shape`);
  keep(excludedValues(graph, exclude), ({ name }) => `"${name}" is excluded`);
  if (heads) for (const axis of headAxes(graph)) if (elements.has(axis.value)) elements.markHeads(elements.axis(axis));
  const { rewrites, barriers } = couple(graph, opsets, elements);
  return { graph, opsets, elements, rewrites, barriers, groups: collectGroups(elements) };
}

/** The innermost batch axis of each product of two activations: where several attentions work side by side, each index is one of them. */
export function headAxes(graph: Graph): AxisRef[] {
  const isProduct = (node: Node) => layerOf(node)?.kind === 'matrix' && node.inputs.every((input) => input && !input.constant);
  return graph.nodes.filter(isProduct).flatMap(({ outputs: [value] }) => {
    const axis = (value?.shape?.length ?? 0) - 3;
    return value && axis >= 0 ? [{ value, axis }] : [];
  });
}

function excludedValues(graph: Graph, names: readonly string[]): Value[] {
  const wanted = new Set(names);
  const made = graph.nodes.filter((node) => wanted.has(node.name)).flatMap((node) => node.outputs);
  const constants = [...graph.values()].filter((value) => value.constant && wanted.has(value.name));
  return [...made, ...constants].filter((value) => value !== undefined);
}

/** The sets that are not locked and may be removed. */
function collectGroups(elements: Elements): Group[] {
  const sets = new Map<number, Map<Axis, number[]>>();
  for (const axis of elements.axes) {
    for (let index = 0; index < axis.size; index++) {
      const root = elements.rootOf(axis, index);
      if (elements.isLocked(root)) continue;
      const parts = sets.get(root) ?? new Map<Axis, number[]>();
      sets.set(root, parts);
      const indices = parts.get(axis);
      if (indices) indices.push(index);
      else parts.set(axis, [index]);
    }
  }
  const groups = [...sets.values()].map((parts) => [...parts].map(([axis, indices]) => ({ axis, indices })));
  return groups.filter(isRemovable);
}

/** Whether a group holds a slice of a constant that is read, and leaves something of every axis. */
function isRemovable(group: Group): boolean {
  const isRead = group.some(({ axis: { value } }) => value.constant && value.readers.size > 0);
  return isRead && group.every(({ axis, indices }) => indices.length < axis.size);
}
