/**
 * Which fields of which ONNX message hold which messages: what a walk over the wire format needs to know to go down. Anything else is
 * a number, a text, contents, or unknown.
 */
export const descents = {
  model: { 7: 'graph', 8: 'leaf', 14: 'leaf', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph', 3: 'leaf', 4: 'leaf' },
  function: { 7: 'node', 9: 'leaf', 11: 'attribute', 12: 'value', 14: 'leaf' },
  graph: { 1: 'node', 5: 'tensor', 11: 'value', 12: 'value', 13: 'value', 14: 'annotation', 15: 'sparse', 16: 'leaf' },
  node: { 5: 'attribute', 9: 'leaf' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 14: 'type', 15: 'type', 22: 'sparse', 23: 'sparse' },
  value: { 2: 'type', 4: 'leaf' },
  annotation: { 2: 'leaf' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 3: 'leaf', 13: 'leaf', 16: 'leaf' },
  /** TypeProto and, as their numbers do not clash, the messages inside it: tensor, sequence, map, sparse tensor, optional. */
  type: { 1: 'tensorType', 4: 'wrapped', 5: 'map', 7: 'leaf', 8: 'tensorType', 9: 'wrapped' },
  wrapped: { 1: 'type' },
  map: { 2: 'type' },
  tensorType: { 2: 'shape' },
  shape: { 1: 'leaf' },
  /** Messages without messages inside. */
  leaf: {},
} as const satisfies Record<string, Record<number, string>>;

export type MessageKind = keyof typeof descents;

/** The message in a field, where it is one. */
export function messageIn(kind: MessageKind, field: number): MessageKind | undefined {
  return (descents[kind] as Record<number, MessageKind>)[field];
}

/** The tensor fields that are plain little-endian bytes on the wire: float_data, raw_data, double_data. */
export const CONTENT_FIELDS: ReadonlySet<number> = new Set([4, 9, 10]);

/** TensorProto.data_location. */
export const LOCATION_FIELD = 14;

/** Bytes of memory that one byte of a packed list of numbers may take once decoded: an int64 becomes a bigint. */
const packed: Partial<Record<MessageKind, Readonly<Record<number, number>>>> = {
  tensor: { 4: 2, 5: 8, 7: 32, 11: 32 },
  attribute: { 7: 2, 8: 32 },
};

/** What decoding a message costs beside its fields, in bytes of memory. */
export const MESSAGE_COST = 400;
/** The same of a field that is a number. */
export const FIELD_COST = 64;

/** What decoding a length-delimited field that is no message costs, in bytes of memory. */
export function costOfField(kind: MessageKind, field: number, length: number): number {
  return FIELD_COST + length * (packed[kind]?.[field] ?? 1);
}
