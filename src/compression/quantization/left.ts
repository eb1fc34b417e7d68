import { byteLengthOf, type DataType, type Graph, graphsOf, type Value } from '../../onnx/index.js';
import { traitsOf } from '../../ops/index.js';

/** Constants with fewer numbers (biases, scales, constants of formulas) are not spoken of. */
const SMALLEST = 1024;

/** Types in which nothing is saved. */
const WHOLE = new Set<DataType>(['float32', 'float64']);

/** A large constant that is stored in floating point. */
export interface LeftInFloat {
  readonly value: string;
  /** What reads it, as errors call it. */
  readonly readers: readonly string[];
  /** In the file. */
  readonly bytes: number;
}

/** Large constants of a quantized graph, those of branches and bodies too, that stay in floating point; the largest first. */
export function leftInFloat(graph: Graph): LeftInFloat[] {
  const constants = graphsOf(graph).flatMap((each) => [
    ...each.initializers,
    ...each.nodes.flatMap(({ outputs: [output] }) => (output?.constant ? [output] : [])),
  ]);
  const left = constants.flatMap((value) => (isLarge(value) ? [describe(value)] : []));
  return left.filter(({ readers }) => readers.length > 0).sort((a, b) => b.bytes - a.bytes);
}

function isLarge({ constant }: Value): boolean {
  return (
    constant !== undefined && WHOLE.has(constant.dtype) && constant.size >= SMALLEST && constant.shape.filter((dim) => dim > 1).length > 1
  );
}

function describe(value: Value): LeftInFloat {
  const { dtype, size } = value.constant as { dtype: 'float32'; size: number };
  // Scales of many channels belong to integers.
  const readers = new Set(value.uses().flatMap(({ node, index }) => (traitsOf(node).scales?.includes(index) ? [] : [node])));
  return { value: value.name, readers: [...readers].map((node) => node.label), bytes: byteLengthOf(dtype, size) };
}

/** One line that names the largest; undefined where there is none. */
export function leftRemark(left: readonly LeftInFloat[], most = 5): string | undefined {
  if (left.length === 0) return undefined;
  const kilobytes = Math.ceil(left.reduce((sum, { bytes }) => sum + bytes, 0) / 1000);
  const named = left.slice(0, most).map(({ value, readers }) => `"${value}" (read by ${readers[0]})`);
  const more = left.length > most ? ` and ${left.length - most} more` : '';
  return `${left.length === 1 ? '1 weight stays' : `${left.length} weights stay`} in floating point, ${kilobytes} KB: ${named.join(', ')}${more}.`;
}
