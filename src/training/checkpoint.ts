import { EspalierError, FormatError } from '../base/index.js';
import { byteLengthOf, type DataType, Tensor } from '../onnx/index.js';
import type { Checkpoint } from './request.js';

/** First bytes of a checkpoint file, with its version. */
const MAGIC = 'ESPALIER-CHECKPOINT-2\n';
/** Digits of the header's length, and of the checksum, each followed by a line break. */
const LENGTH_DIGITS = 12;
const SUM_DIGITS = 8;

interface Entry {
  name: string;
  dtype: DataType;
  shape: readonly number[];
}

type Header = Omit<Checkpoint, 'state' | 'best'> & { state: Entry[]; best?: { epoch: number; quality: number; state: Entry[] } };

/**
 * A checkpoint as bytes: a line of identification, the length of a JSON header and a checksum of all that follows, a line each, the header, then
 * the tensors' raw contents in its order.
 */
export function encodeCheckpoint({ epoch, request, history, state, best }: Checkpoint): Uint8Array {
  const tensors = [...Object.entries(state), ...Object.entries(best?.state ?? {})];
  const entries = (of: Record<string, Tensor>): Entry[] => Object.entries(of).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const header: Header = {
    epoch,
    request,
    history,
    state: entries(state),
    best: best && { epoch: best.epoch, quality: best.quality, state: entries(best.state) },
  };
  const encoder = new TextEncoder();
  const json = encoder.encode(JSON.stringify(header));
  const body = joined([json, ...tensors.map(([, tensor]) => tensor.bytes())]);
  const length = String(json.length).padStart(LENGTH_DIGITS, '0');
  return joined([encoder.encode(`${MAGIC}${length}\n${checksum(body)}\n`), body]);
}

/** @throws FormatError where the bytes are no whole checkpoint. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const damaged = (what: string, cause?: unknown) => new FormatError({ what: `Not a usable checkpoint: ${what}` }, { cause });
  const text = (start: number, length: number) => new TextDecoder().decode(bytes.subarray(start, start + length));
  if (text(0, MAGIC.length) !== MAGIC) throw damaged('it does not begin as one');
  const length = Number(text(MAGIC.length, LENGTH_DIGITS));
  const sum = text(MAGIC.length + LENGTH_DIGITS + 1, SUM_DIGITS);
  const body = bytes.subarray(MAGIC.length + LENGTH_DIGITS + SUM_DIGITS + 2);
  if (checksum(body) !== sum) throw damaged('it is cut off, or its contents changed');
  try {
    const header = JSON.parse(new TextDecoder().decode(body.subarray(0, length))) as Header;
    const reader = new TensorReader(body, length);
    const state = reader.read(header.state);
    const best = header.best && { ...header.best, state: reader.read(header.best.state) };
    return { epoch: header.epoch, request: header.request, history: header.history, state, best };
  } catch (cause) {
    throw cause instanceof EspalierError ? cause : damaged('its header cannot be read', cause);
  }
}

class TensorReader {
  readonly #bytes: Uint8Array;
  #offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  read(entries: readonly Entry[]): Record<string, Tensor> {
    return Object.fromEntries(entries.map((entry) => [entry.name, this.#next(entry)]));
  }

  #next({ dtype, shape }: Entry): Tensor {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const end = this.#offset + byteLengthOf(dtype, size);
    const tensor = new Tensor(dtype, shape, this.#bytes.slice(this.#offset, end));
    this.#offset = end;
    return tensor;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** 32-bit FNV-1a of the bytes, in hexadecimal: against accidents, not against forgery. */
function checksum(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return (hash >>> 0).toString(16).padStart(SUM_DIGITS, '0');
}
