import type { DataTensor, InputSpec } from '../../data/index.js';
import type { Shown } from '../modality.js';

/** Size of the picture, in pixels. */
const [WIDTH, HEIGHT] = [320, 64];

/** How long a sound is and at which rate, and its wave as an SVG. Zeros at the end are padding. */
export function showSound({ data, lengths }: DataTensor, { sampleRate }: InputSpec): Shown {
  const sound = data as Float32Array;
  const length = lengths?.[0] ?? sound.findLastIndex((value) => value !== 0) + 1;
  const rate = sampleRate === undefined ? '' : `, ${Number((sampleRate / 1000).toPrecision(3))} kHz`;
  const duration = sampleRate === undefined ? `${length} samples` : `${Number((length / sampleRate).toPrecision(2))} s`;
  return { text: `${duration}${rate}`, picture: `data:image/svg+xml,${encodeURIComponent(waveform(sound.subarray(0, length)))}` };
}

/** For each column the range of its samples, scaled so that the loudest fills the height. */
function waveform(sound: Float32Array): string {
  const peak = sound.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const y = (value: number) => (HEIGHT / 2) * (1 - value / peak);
  const columns = Array.from({ length: WIDTH }, (_, x) => {
    const start = Math.floor((x * sound.length) / WIDTH);
    const column = sound.subarray(start, Math.max(start + 1, Math.floor(((x + 1) * sound.length) / WIDTH)));
    if (column.length === 0) return '';
    const [low, high] = [column.reduce((a, b) => Math.min(a, b)), column.reduce((a, b) => Math.max(a, b))];
    return `M${x + 0.5} ${y(high).toFixed(1)}V${(y(low) + 1).toFixed(1)}`;
  });
  const path = `<path d="${columns.join('')}" stroke="#357" fill="none"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${path}</svg>`;
}
