import { FormatError } from '../base/index.js';
import { byteLengthOf, type DataType, Tensor } from '../onnx/index.js';
import type { Checkpoint } from './train.js';

/** First bytes of a checkpoint file, with its version. */
const MAGIC = 'ESPALIER-CHECKPOINT-1\n';

interface Entry {
  name: string;
  dtype: DataType;
  shape: readonly number[];
}

/** A checkpoint as bytes: a line of identification, the length of a JSON header, the header, then the tensors' raw contents in its order. */
export function encodeCheckpoint({ epoch, history, state, best }: Checkpoint): Uint8Array {
  const tensors = [...Object.entries(state), ...Object.entries(best?.state ?? {})];
  const entries = (of: Record<string, Tensor>): Entry[] => Object.entries(of).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const header = {
    epoch,
    history,
    state: entries(state),
    best: best && { epoch: best.epoch, quality: best.quality, state: entries(best.state) },
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new TextEncoder().encode(`${MAGIC}${String(json.length).padStart(12, '0')}\n`);
  const parts = [head, json, ...tensors.map(([, tensor]) => tensor.bytes())];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** @throws FormatError where the bytes are no whole checkpoint. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const damaged = (what: string) => new FormatError({ what: `Not a usable checkpoint: ${what}` });
  const decoder = new TextDecoder();
  const start = MAGIC.length + 13;
  if (decoder.decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) throw damaged('it does not begin as one');
  const length = Number(decoder.decode(bytes.subarray(MAGIC.length, start)));
  if (!Number.isInteger(length) || start + length > bytes.length) throw damaged('its header is cut off');
  const header = JSON.parse(decoder.decode(bytes.subarray(start, start + length))) as Omit<Checkpoint, 'state' | 'best'> & {
    state: Entry[];
    best?: { epoch: number; quality: number; state: Entry[] };
  };
  let offset = start + length;
  const read = (entries: readonly Entry[]) =>
    Object.fromEntries(
      entries.map(({ name, dtype, shape }) => {
        const size = byteLengthOf(
          dtype,
          shape.reduce((a, b) => a * b, 1),
        );
        if (offset + size > bytes.length) throw damaged('its tensors are cut off');
        const tensor = new Tensor(dtype, shape, bytes.slice(offset, offset + size));
        offset += size;
        return [name, tensor];
      }),
    );
  const state = read(header.state);
  const best = header.best && { epoch: header.best.epoch, quality: header.best.quality, state: read(header.best.state) };
  return { epoch: header.epoch, history: header.history, state, best };
}
