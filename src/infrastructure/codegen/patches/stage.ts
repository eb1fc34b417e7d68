import type { Graph, Node, Value } from '../../../onnx/index.js';
import { hull, imageShape, partOf, type Region, wholeOf, windowsOf } from './regions.js';

/** The first layers of a graph, up to one value: what may be computed part by part. */
export interface Stage {
  /** What they compute. */
  readonly result: Value;
  /** In order. */
  readonly nodes: readonly Node[];
}

/** The layers before a value that only it is computed of, part by part; undefined where others read what they compute. */
export function stageBefore(result: Value, graph: Graph): Stage | undefined {
  const inside = new Set<Node>();
  const visit = (value: Value | undefined): void => {
    const node = value?.producer;
    const shape = imageShape(value);
    if (!node || !shape || inside.has(node)) return;
    const part = partOf(node, wholeOf(shape));
    if (!part) return;
    inside.add(node);
    for (const [index, read] of part.reads.entries()) if (read) visit(node.inputs[index]);
  };
  visit(result);
  const nodes = graph.nodes.filter((node) => inside.has(node));
  const isClosed = nodes.every(
    ({ outputs: [output] }) =>
      output === result || (output && !graph.outputs.includes(output) && output.users.every((user) => inside.has(user))),
  );
  const slides = nodes.filter((node) => windowsOf(node)).length;
  return isClosed && slides > 0 ? { result, nodes } : undefined;
}

/**
 * The part of each value that a part of the result is computed of: of several readers, one that holds all. What reads integers as floats is no value of
 * its own: each of its readers reads the integers.
 * @returns undefined where a layer cannot be computed in such a part.
 */
export function regionsFor({ result, nodes }: Stage, region: Region): ReadonlyMap<Value, Region> | undefined {
  const regions = new Map<Value, Region>([[result, region]]);
  for (const node of [...nodes].reverse()) {
    const [output] = node.outputs;
    const wanted = output && regions.get(output);
    if (!wanted) continue;
    const part = partOf(node, wanted);
    if (!part) return undefined;
    for (const [index, read] of part.reads.entries()) {
      const input = node.inputs[index];
      if (read && input) regions.set(input, hull(regions.get(input), read));
    }
  }
  return regions;
}

/** The parts of a grid over an image, row by row, as equal as they can be. */
export function gridOver(shape: readonly number[], [rows, columns]: readonly [number, number]): Region[][] {
  const cut = (size: number, count: number) =>
    Array.from({ length: count }, (_, each) => ({ from: Math.floor((size * each) / count), to: Math.floor((size * (each + 1)) / count) }));
  return cut(shape[2], rows).map((row) => cut(shape[3], columns).map((column): Region => [row, column]));
}
