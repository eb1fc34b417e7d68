import type { DataTensor } from '../../data/index.js';

/** A text as a stored sample: its bytes in UTF-8, at least one (a zero, which is padding). Undefined for what is none. */
export function textSample(raw: unknown): DataTensor | undefined {
  if (typeof raw !== 'string') return undefined;
  const bytes = new TextEncoder().encode(raw);
  const data = bytes.length > 0 ? bytes : new Uint8Array(1);
  return { type: 'uint8', shape: [1, data.length], data, kind: 'text', lengths: Int32Array.of(bytes.length) };
}
