import type { Graph, Node } from '../graph.js';
import { nodesOf } from '../nested.js';
import { nodesAreNamed } from './conditions.js';
import type { Pass } from './pass.js';

/** Options, notes and plans speak of nodes by name: each, inner ones too, gets one of its own, after its first output where it had none. Names that are there stay. */
export const namedNodes: Pass = {
  name: 'name-nodes',
  summary: 'Gives every node a name of its own; names that are there stay.',
  kind: 'form',
  requires: [],
  ensures: [nodesAreNamed],
  run: ({ graph }) => nameNodes(graph),
};

function nameNodes(graph: Graph): number {
  const taken = new Set<string>();
  const isNew = ({ name }: Node) => name !== '' && !taken.has(name) && taken.add(name);
  const unnamed = [...nodesOf(graph)].filter((each) => !isNew(each));
  for (const node of unnamed) {
    const base = node.name || firstOutput(node);
    node.name = taken.has(base) ? graph.freshName(base) : base;
    taken.add(node.name);
  }
  return unnamed.length;
}

function firstOutput(node: Node): string {
  return node.outputs.find((output) => output)?.name ?? node.op;
}
