import { FormatError } from '../../base/index.js';
import type { ByteSource } from '../tensor.js';

/** Random access to a file or a buffer. */
export interface RandomAccess {
  readonly byteLength: number;
  /** Bytes [offset, offset + length). May be a view; only valid until the next call unless `own` is true. */
  read(offset: number, length: number, own?: boolean): Uint8Array;
}

/** A model's bytes without its large tensors, which stay where they are. */
export interface Skeleton {
  bytes: Uint8Array;
  /** What was left out, in the order of the markers. */
  payloads: ByteSource[];
}

/** Tensor contents at least this long are left out of the skeleton, in bytes. */
const LARGE = 4096;
/** Graphs nested deeper than this are no honest model. */
const MAX_DEPTH = 100;
/** More fields than this in the structure of a model are no honest model either. */
const MAX_FIELDS = 20_000_000;

/** Field that marks, in a skeleton, the place of payload number k. No ONNX message has it. */
export const MARKER_FIELD = 50000;

/** The tensor fields that are plain little-endian bytes on the wire: float_data, raw_data, double_data. */
const CONTENT_FIELDS = new Set([4, 9, 10]);

/** Which fields of which message hold messages that may hold large tensors. */
const descents = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
} as const satisfies Record<string, Record<number, string>>;
type Kind = keyof typeof descents;

interface Piece {
  chunks: Uint8Array[];
  length: number;
}

/**
 * Walks a serialized ModelProto (protocol buffers' wire format) without decoding it and leaves out large tensor contents, so that reading a
 * model costs its structure and not its weights.
 * @throws FormatError where the bytes are no protocol buffer, end too early or nest too deeply.
 */
export function skim(file: RandomAccess): Skeleton {
  const walker = new Walker(file);
  const piece = walker.message('model', 0, file.byteLength, 0);
  return { bytes: join(piece), payloads: walker.payloads };
}

class Walker {
  readonly payloads: ByteSource[] = [];
  readonly #file: RandomAccess;
  #fields = 0;

  constructor(file: RandomAccess) {
    this.#file = file;
  }

  message(kind: Kind, start: number, end: number, depth: number): Piece {
    if (depth > MAX_DEPTH) throw damaged(start, `messages are nested more than ${MAX_DEPTH} deep`);
    const piece: Piece = { chunks: [], length: 0 };
    let copied = start;
    let position = start;
    while (position < end) {
      if (++this.#fields > MAX_FIELDS) throw damaged(position, `the model has more than ${MAX_FIELDS} fields`);
      const at = position;
      const tag = this.#varint(position, end);
      position = tag.next;
      const field = Math.floor(tag.value / 8);
      const wireType = tag.value % 8;
      if (field === 0) throw damaged(at, 'a field has number 0');
      if (wireType !== 2) {
        position = this.#skip(wireType, position, end, at);
        continue;
      }
      const length = this.#varint(position, end);
      const from = length.next;
      const to = from + length.value;
      if (to > end)
        throw damaged(
          at,
          `a field of ${length.value} bytes reaches past the end of what holds it; the file is truncated or is no ONNX model`,
        );
      position = to;
      if (length.value < LARGE) continue;
      if (kind === 'tensor' && CONTENT_FIELDS.has(field)) {
        this.#flush(piece, copied, at);
        append(piece, this.#payload(from, length.value));
        copied = to;
      } else {
        const inner = (descents[kind] as Record<number, Kind>)[field];
        if (!inner) continue;
        this.#flush(piece, copied, at);
        const body = this.message(inner, from, to, depth + 1);
        append(piece, encodeVarint(tag.value));
        append(piece, encodeVarint(body.length));
        for (const chunk of body.chunks) append(piece, chunk);
        copied = to;
      }
    }
    this.#flush(piece, copied, end);
    return piece;
  }

  /** Copies what lies between the last cut and here. */
  #flush(piece: Piece, from: number, to: number): void {
    if (to > from) append(piece, this.#file.read(from, to - from, true));
  }

  #payload(offset: number, byteLength: number): Uint8Array {
    const file = this.#file;
    this.payloads.push({ byteLength, read: () => file.read(offset, byteLength, true) });
    return concat([encodeVarint(MARKER_FIELD * 8), encodeVarint(this.payloads.length - 1)]);
  }

  #skip(wireType: number, position: number, end: number, at: number): number {
    if (wireType === 0) return this.#varint(position, end).next;
    if (wireType !== 1 && wireType !== 5) throw damaged(at, `a field has wire type ${wireType}; this is no ONNX model`);
    const next = position + (wireType === 1 ? 8 : 4);
    if (next > end) throw damaged(at, 'the file is truncated');
    return next;
  }

  #varint(position: number, end: number): { value: number; next: number } {
    const bytes = this.#file.read(position, Math.min(10, end - position));
    let value = 0;
    for (let i = 0; i < bytes.length; i++) {
      value += (bytes[i] & 0x7f) * 2 ** (7 * i);
      if (bytes[i] < 0x80) return { value, next: position + i + 1 };
    }
    throw damaged(position, bytes.length < 10 ? 'the file is truncated' : 'a number has more than ten bytes');
  }
}

function damaged(offset: number, what: string): FormatError {
  return new FormatError({
    what: `Not a readable ONNX model: at byte ${offset}, ${what}`,
    fix: 'Check that the file is complete and is an .onnx file.',
  });
}

function append(piece: Piece, chunk: Uint8Array): void {
  piece.chunks.push(chunk);
  piece.length += chunk.length;
}

function join(piece: Piece): Uint8Array {
  return piece.chunks.length === 1 ? piece.chunks[0] : concat(piece.chunks);
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += chunk.length;
  }
  return out;
}

function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A buffer as a file. */
export function inMemory(bytes: Uint8Array): RandomAccess {
  return { byteLength: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
