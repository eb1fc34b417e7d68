import { join, varint } from '../wire.js';

/** Messages of ONNX by the number of the field that holds them: what a walk needs to know to go down. */
const messages: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 8: 'opset', 14: 'entry', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 9: 'opset', 11: 'attribute', 12: 'value' },
  graph: { 1: 'node', 5: 'tensor', 11: 'value', 12: 'value', 13: 'value', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 14: 'type', 15: 'type', 22: 'sparse', 23: 'sparse' },
  value: { 2: 'type' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'entry' },
  type: { 1: 'tensorType', 4: 'wrapped', 5: 'map', 8: 'tensorType', 9: 'wrapped' },
  wrapped: { 1: 'type' },
  map: { 2: 'type' },
  tensorType: { 2: 'shape' },
  shape: { 1: 'dimension' },
};

/** One field on the wire: a number, fixed bytes, contents or text, or a message. */
export interface WireField {
  number: number;
  contents: { kind: 'number'; value: bigint } | { kind: 'bytes'; wireType: 1 | 2 | 5; bytes: Uint8Array } | WireMessage;
}

export interface WireMessage {
  kind: 'message';
  type: string;
  fields: WireField[];
}

/** A serialized ModelProto as a tree that can be changed anywhere. The bytes must be well-formed. */
export function readTree(bytes: Uint8Array, type = 'model'): WireMessage {
  const fields: WireField[] = [];
  let at = 0;
  const number = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(number());
    const [field, wireType] = [tag >> 3, tag & 7];
    if (wireType === 0) {
      fields.push({ number: field, contents: { kind: 'number', value: number() } });
      continue;
    }
    const length = wireType === 2 ? Number(number()) : wireType === 1 ? 8 : 4;
    const inside = bytes.subarray(at, at + length);
    at += length;
    const inner = wireType === 2 ? messages[type]?.[field] : undefined;
    const contents = inner ? readTree(inside, inner) : ({ kind: 'bytes', wireType: wireType as 1 | 2 | 5, bytes: inside } as const);
    fields.push({ number: field, contents });
  }
  return { kind: 'message', type, fields };
}

/** A message that was put within itself is empty there. */
export function writeTree(message: WireMessage, around: ReadonlySet<WireMessage> = new Set()): Uint8Array {
  if (around.has(message)) return new Uint8Array(0);
  const path = new Set([...around, message]);
  return join(
    message.fields.flatMap(({ number, contents }) => {
      if (contents.kind === 'number') return [tag(number, 0), bigVarint(contents.value)];
      if (contents.kind === 'bytes' && contents.wireType !== 2) return [tag(number, contents.wireType), contents.bytes];
      const bytes = contents.kind === 'bytes' ? contents.bytes : writeTree(contents, path);
      return [tag(number, 2), Uint8Array.from(varint(bytes.length)), bytes];
    }),
  );
}

function tag(number: number, wireType: number): Uint8Array {
  return Uint8Array.from(varint(number * 8 + wireType));
}

/** Negative numbers take ten bytes, as two's complement of 64 bits. */
export function bigVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

/** Every message of a tree of the given type. */
export function* messagesOf(root: WireMessage, type: string): Generator<WireMessage> {
  if (root.type === type) yield root;
  for (const { contents } of root.fields) if (contents.kind === 'message') yield* messagesOf(contents, type);
}

/** Every message of a tree with the list of fields that holds it. */
export function* allMessages(root: WireMessage): Generator<WireMessage> {
  yield root;
  for (const { contents } of root.fields) if (contents.kind === 'message') yield* allMessages(contents);
}
