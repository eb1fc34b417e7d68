import { lookup, MOST_DIMENSIONS, normalizeAxis } from '../../base/index.js';
import type { Node, Value } from '../../onnx/index.js';
import type { AxisRef } from '../rule.js';
import { constantInts } from './axes.js';
import { setIntegers } from './rewriting.js';

/**
 * Shapes that a graph computes from other shapes (Shape, Gather, Concat …): where each of their numbers comes from, and where the sizes of
 * a tensor go. Pruning needs both, to keep a computed shape true after channels have gone.
 */
export type SizeOrigin =
  /** A constant. `holder` is the input that may be given another constant: nothing else reads it. */
  | { readonly kind: 'literal'; readonly value: number; readonly holder?: Holder }
  /** The size of an axis, read through a Shape. */
  | { readonly kind: 'axis'; readonly axis: AxisRef }
  | { readonly kind: 'unknown' };

interface Holder {
  readonly node: Node;
  readonly index: number;
  /** Place in that input's vector. */
  readonly place: number;
  /** All of that vector. */
  readonly values: readonly number[];
}

/** Origins of each number of a node's shape input; undefined where even their count is unknown. */
export function originsOfInput(node: Node, index: number): readonly SizeOrigin[] | undefined {
  const value = node.inputs[index];
  const origins = originsOf(value, true);
  return origins && withHolder(origins, node, index);
}

/** Axes of a Shape node's input whose sizes reach something that does not follow them when they change. */
export function escapingAxes(shape: Node): Set<number> {
  const [input] = shape.inputs;
  const [output] = shape.outputs;
  const escaped = new Set<number>();
  if (input && output) collectEscapes(output, input, escaped);
  return escaped;
}

/** Puts new sizes where `origins` hold literals. -1 and 0 stay: they follow by themselves. */
export function rewriteLiterals(origins: readonly SizeOrigin[], sizes: readonly number[]): void {
  const written = new Map<string, { holder: Holder; values: number[] }>();
  origins.forEach((origin, index) => {
    if (origin.kind !== 'literal' || !origin.holder || origin.value === sizes[index]) return;
    const { holder } = origin;
    const key = `${holder.node.outputs[0]?.name}:${holder.index}`;
    const entry = written.get(key) ?? { holder, values: [...holder.values] };
    entry.values[holder.place] = sizes[index];
    written.set(key, entry);
  });
  for (const { holder, values } of written.values()) setIntegers(holder.node, holder.index, values);
}

const UNKNOWN: SizeOrigin = { kind: 'unknown' };

/** Operators that hand sizes on unchanged, by the input that they take them from. */
const carriers: Readonly<Record<string, (node: Node, exclusive: boolean) => readonly SizeOrigin[] | undefined>> = {
  Identity: (node, exclusive) => originsOf(node.inputs[0], exclusive),
  Cast: (node, exclusive) => originsOf(node.inputs[0], exclusive),
  Unsqueeze: (node, exclusive) => originsOf(node.inputs[0], exclusive),
  Squeeze: (node, exclusive) => originsOf(node.inputs[0], exclusive),
  Concat: (node, exclusive) => {
    const parts = node.inputs.map((input, index) => {
      const origins = originsOf(input, exclusive);
      return origins && exclusive ? withHolder(origins, node, index) : origins;
    });
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  },
  Gather: (node) => pick(originsOf(node.inputs[0], false), constantInts(node, 1)),
  Slice: (node) => {
    const from = originsOf(node.inputs[0], false);
    const bounds = slicedPlaces(node, from?.length ?? 0);
    return pick(from, bounds);
  },
};

/** Inputs that keep computed shapes true when a size in them changes: their operators' coupling rules trace the origins. */
const understood = new Set(['ConstantOfShape:0', 'Reshape:1', 'Expand:1', 'Resize:3']);

function originsOf(value: Value | undefined, exclusive: boolean): readonly SizeOrigin[] | undefined {
  if (!value) return undefined;
  const constant = value.constant;
  if (constant)
    return constant.shape.length <= 1 ? Array.from(constant.numbers(), (number) => ({ kind: 'literal', value: number })) : undefined;
  const { producer } = value;
  if (producer?.domain === '' && producer.op === 'Shape') return axesRead(producer);
  const carrier = producer?.domain === '' ? lookup(carriers, producer.op) : undefined;
  const origins = producer && carrier?.(producer, exclusive && isExclusive(value));
  return origins ?? unknownOf(value);
}

function unknownOf(value: Value): readonly SizeOrigin[] | undefined {
  const { shape } = value;
  if (!shape || shape.length > 1) return undefined;
  const [length = 1] = shape;
  return typeof length === 'number' && length <= MOST_DIMENSIONS ? Array.from({ length }, () => UNKNOWN) : undefined;
}

function axesRead(shape: Node): readonly SizeOrigin[] | undefined {
  const [value] = shape.inputs;
  const rank = value?.shape?.length;
  if (!value || rank === undefined) return undefined;
  const axes = Array.from({ length: rank }, (_, axis) => axis).slice(shape.int('start', 0), shape.int('end', undefined));
  return axes.map((axis) => ({ kind: 'axis', axis: { value, axis } }));
}

function pick(from: readonly SizeOrigin[] | undefined, places: readonly number[] | undefined): readonly SizeOrigin[] | undefined {
  if (!from || !places) return undefined;
  return places.map((place) => from[normalizeAxis(place, from.length)] ?? UNKNOWN);
}

/** Places that a Slice of a vector takes, where its bounds are constant and its step is 1. */
function slicedPlaces(node: Node, length: number): number[] | undefined {
  const starts = node.ints('starts', undefined) ?? constantInts(node, 1);
  const ends = node.ints('ends', undefined) ?? constantInts(node, 2);
  const steps = node.inputs[4] ? constantInts(node, 4) : [1];
  if (starts?.length !== 1 || ends?.length !== 1 || steps?.[0] !== 1) return undefined;
  return Array.from({ length }, (_, place) => place).slice(starts[0], ends[0]);
}

/** Where everything in a vector is literal, the vector may be replaced as a whole at this input. */
function withHolder(origins: readonly SizeOrigin[], node: Node, index: number): readonly SizeOrigin[] {
  const values = origins.map((origin) => (origin.kind === 'literal' ? origin.value : Number.NaN));
  if (values.some(Number.isNaN)) return origins;
  return values.map((value, place) => ({ kind: 'literal', value, holder: { node, index, place, values } }));
}

/** Whether one node reads the value, once, and no one outside the graph does. */
function isExclusive(value: Value): boolean {
  return value.uses().length <= 1 && !value.producer?.graph?.outputs.includes(value);
}

function collectEscapes(value: Value, source: Value, escaped: Set<number>): void {
  const origins = originsOf(value, false);
  const known = origins !== undefined && !origins.includes(UNKNOWN);
  const axesHere = known
    ? origins.flatMap((origin) => (origin.kind === 'axis' && origin.axis.value === source ? [origin.axis.axis] : []))
    : (source.shape ?? []).map((_, axis) => axis);
  const readers = value.uses().map(({ node, index }) => ({ node, role: roleOf(node, index) }));
  // An unknown place in a shape could hold any of the sizes.
  const lost =
    value.producer?.graph?.outputs.includes(value) || readers.some(({ role }) => role === 'other' || (role === 'shape' && !known));
  if (lost) for (const axis of axesHere) escaped.add(axis);
  for (const { node, role } of readers) {
    if (role !== 'carrier') continue;
    for (const output of node.outputs) if (output) collectEscapes(output, source, escaped);
  }
}

/** What a node does with sizes that it reads: takes them for a shape that is followed, hands them on, or anything else. */
function roleOf(node: Node, index: number): 'shape' | 'carrier' | 'other' {
  if (node.domain !== '') return 'other';
  if (understood.has(`${node.op}:${index}`)) return 'shape';
  return lookup(carriers, node.op) && (index === 0 || node.op === 'Concat') ? 'carrier' : 'other';
}
