import { calleesOf, type Model, nodesOf, type Value } from '../../onnx/index.js';
import type { TargetFacts } from './target.js';

/** What a target lacks to run a model, by its facts alone: each as a clause, the first of its kind. Empty where nothing is known against it. */
export function lacking({ graph, functions }: Model, { kernels, types }: Pick<TargetFacts, 'kernels' | 'types'>): string[] {
  const isCall = calleesOf(functions);
  const found = new Map<string, string>();
  for (const node of nodesOf(graph)) {
    const operator = node.domain ? `${node.domain}.${node.op}` : node.op;
    if (!isCall(node) && !kernels.has(node) && !found.has(operator)) found.set(operator, `${operator} has no kernel there (${node.label})`);
  }
  const typeOf = (value: Value) => value.constant?.dtype ?? value.dtype;
  for (const value of graph.values(true)) {
    const type = typeOf(value);
    if (type && !types.has(type) && !found.has(type)) found.set(type, `${type} is no type there ("${value.name}")`);
  }
  return [...found.values()];
}
