import { FormatError, UnsupportedError } from '../../base/index.js';
import type { ByteSource } from '../tensor.js';
import { CONTENT_FIELDS, costOfField, LOCATION_FIELD, MESSAGE_COST, type MessageKind, messageIn } from './schema.js';
import { concat, encodeVarint, readVarint } from './varint.js';

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
/** Messages nested deeper than this are no honest model. */
const MAX_DEPTH = 100;
/** Memory that a model's structure (all but its weights) may take once decoded, estimated in bytes. */
const MAX_STRUCTURE = 2e9;

/** Field that marks, in a skeleton, the place of payload number k that was field f: its number is this plus f. No ONNX message has it. */
export const MARKER_FIELD = 50000;

/** Bytes that are looked at together, and the most that the head of a field takes: two numbers. */
const WINDOW = 1024;
const HEAD = 20;
const nothing = new Uint8Array(0);

/** Messages whose tensors become Tensors, which can read their contents later. In others contents stay in the skeleton. */
const cut: ReadonlySet<MessageKind> = new Set(['model', 'function', 'graph', 'node', 'attribute', 'tensor']);

interface Piece {
  chunks: Uint8Array[];
  length: number;
}

/**
 * Walks a serialized ModelProto (protocol buffers' wire format) without decoding it and leaves out large tensor contents, so that reading a
 * model costs its structure and not its weights.
 * @throws FormatError where the bytes are no protocol buffer, end too early, nest too deeply or would take too much memory.
 */
export function skim(file: RandomAccess): Skeleton {
  const walker = new Walker(file);
  const { chunks } = walker.message('model', 0, file.byteLength, 0);
  return { bytes: chunks.length === 1 ? chunks[0] : concat(chunks), payloads: walker.payloads };
}

class Walker {
  readonly payloads: ByteSource[] = [];
  readonly #file: RandomAccess;
  #spent = 0;
  #window: Uint8Array = nothing;
  #windowStart = 0;

  constructor(file: RandomAccess) {
    this.#file = file;
  }

  /** Copies a large message without its large contents. */
  message(kind: MessageKind, start: number, end: number, depth: number): Piece {
    this.#enter(start, depth);
    const piece: Piece = { chunks: [], length: 0 };
    let copied = start;
    let position = start;
    while (position < end) {
      const at = position;
      this.#look(at, end);
      const { field, next, to, value } = fieldAt(this.#window, at - this.#windowStart, this.#windowEnd(end), at, end - at);
      const from = at + next;
      position = at + to;
      const inner = value === undefined ? messageIn(kind, field) : undefined;
      const isLarge = value === undefined && to - next >= LARGE;
      if (isLarge && kind === 'tensor' && CONTENT_FIELDS.has(field)) {
        this.#flush(piece, copied, at);
        append(piece, this.#payload(field, from, position - from));
        copied = position;
      } else if (isLarge && inner && cut.has(inner)) {
        this.#flush(piece, copied, at);
        const body = this.message(inner, from, position, depth + 1);
        append(piece, encodeVarint(field * 8 + 2));
        append(piece, encodeVarint(body.length));
        for (const chunk of body.chunks) append(piece, chunk);
        copied = position;
      } else if (inner) this.#scan(inner, this.#read(from, to - next), from, depth + 1, isKept(kind, inner));
      else this.#spend(costOfField(kind, field, to - next), at);
    }
    this.#flush(piece, copied, end);
    return piece;
  }

  /** Checks a message that stays whole. `kept` says that it is written again as it was read, so that it may not point to other files. */
  #scan(kind: MessageKind, bytes: Uint8Array, offset: number, depth: number, kept: boolean): void {
    this.#enter(offset, depth);
    for (let position = 0; position < bytes.length; ) {
      const { field, next, to, value } = fieldAt(bytes, position, bytes.length, offset + position, bytes.length - position);
      const inner = value === undefined ? messageIn(kind, field) : undefined;
      if (inner)
        this.#scan(inner, bytes.subarray(position + next, position + to), offset + position + next, depth + 1, kept || isKept(kind, inner));
      else this.#spend(costOfField(kind, field, to - next), offset + position);
      if (kept && kind === 'tensor' && field === LOCATION_FIELD && value === 1) {
        throw new UnsupportedError({
          what: 'Training information or a sparse attribute has its contents in a file of its own',
          where: `byte ${offset + position}`,
          fix: 'Save the model with these tensors inside it.',
        });
      }
      position += to;
    }
  }

  /** Moves the window so that it shows the head of a field at `at`. */
  #look(at: number, end: number): void {
    if (at >= this.#windowStart && Math.min(at + HEAD, end) <= this.#windowStart + this.#window.length) return;
    this.#window = this.#file.read(at, Math.min(WINDOW, this.#file.byteLength - at));
    this.#windowStart = at;
  }

  #windowEnd(end: number): number {
    return Math.min(this.#window.length, end - this.#windowStart);
  }

  /** Any other read makes the window's bytes invalid. */
  #read(offset: number, length: number, own = false): Uint8Array {
    this.#window = nothing;
    return this.#file.read(offset, length, own);
  }

  #enter(at: number, depth: number): void {
    if (depth > MAX_DEPTH) throw damaged(at, `messages are nested more than ${MAX_DEPTH} deep`);
    this.#spend(MESSAGE_COST, at);
  }

  #spend(cost: number, at: number): void {
    this.#spent += cost;
    if (this.#spent > MAX_STRUCTURE)
      throw damaged(at, `the model's structure without its weights would take more than ${MAX_STRUCTURE / 1e9} GB of memory`);
  }

  /** Copies what lies between the last cut and here. */
  #flush(piece: Piece, from: number, to: number): void {
    if (to > from) append(piece, this.#read(from, to - from, true));
  }

  #payload(field: number, offset: number, byteLength: number): Uint8Array {
    this.#spend(MESSAGE_COST, offset);
    const file = this.#file;
    this.payloads.push({ byteLength, read: () => file.read(offset, byteLength, true) });
    return concat([encodeVarint((MARKER_FIELD + field) * 8), encodeVarint(this.payloads.length - 1)]);
  }
}

/** Training information and sparse attributes are not turned into graphs and tensors. */
function isKept(kind: MessageKind, inner: MessageKind): boolean {
  return inner === 'training' || (inner === 'sparse' && kind === 'attribute');
}

interface Field {
  field: number;
  /** Where its contents start and end, counted from its tag. */
  next: number;
  to: number;
  /** A number's value (NaN where it has a fixed size); undefined for a field with a length. */
  value?: number;
}

/** The field whose tag is at `position`. `at` is the place for messages, `room` how many bytes what holds the field still has. */
function fieldAt(bytes: Uint8Array, position: number, end: number, at: number, room: number): Field {
  const tag = varintAt(bytes, position, end, at);
  const field = Math.floor(tag.value / 8);
  const wireType = tag.value % 8;
  if (field === 0) throw damaged(at, 'a field has number 0');
  const after = tag.next - position;
  if (wireType === 0) {
    const { value, next } = varintAt(bytes, tag.next, end, at);
    return { field, next: next - position, to: next - position, value };
  }
  if (wireType === 1 || wireType === 5) {
    const to = after + (wireType === 1 ? 8 : 4);
    if (to > room) throw damaged(at, 'the file is truncated');
    return { field, next: to, to, value: Number.NaN };
  }
  if (wireType !== 2) throw damaged(at, `a field has wire type ${wireType}; this is no ONNX model`);
  const length = varintAt(bytes, tag.next, end, at);
  const next = length.next - position;
  if (next + length.value > room)
    throw damaged(at, `a field of ${length.value} bytes reaches past the end of what holds it; the file is truncated or is no ONNX model`);
  return { field, next, to: next + length.value };
}

function varintAt(bytes: Uint8Array, position: number, end: number, at: number): { value: number; next: number } {
  const found = readVarint(bytes, position, Math.min(end, position + 10));
  if (!found) throw damaged(at, end - position < 10 ? 'the file is truncated' : 'a number has more than ten bytes');
  return found;
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

/** A buffer as a file. */
export function inMemory(bytes: Uint8Array): RandomAccess {
  return { byteLength: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
