import type { DataTensor } from '../../data/index.js';

/** Pixels as canvases and decoders give them. */
interface RawImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/** An ImageData, or pixels of 1, 3 or 4 channels, as a stored image: transparency is dropped. Undefined for what is none. */
export function imageSample(raw: unknown): DataTensor | undefined {
  if (!isImage(raw)) return undefined;
  const { data, width, height } = raw;
  const given = data.length / (width * height);
  const channels = given === 1 ? 1 : 3;
  if (![1, 3, 4].includes(given)) return undefined;
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < channels; c++) pixels[i * channels + c] = data[i * given + c];
  return { type: 'uint8', shape: [1, height, width, channels], data: pixels, kind: 'image' };
}

function isImage(raw: unknown): raw is RawImage {
  const { data, width, height } = (raw ?? {}) as Partial<RawImage>;
  const isPixels = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  return isPixels && Number.isInteger(width) && Number.isInteger(height) && (width as number) > 0 && (height as number) > 0;
}
