import type { CompleteFrontEnd } from './spec.js';

/** Slaney's scale: linear up to 1 kHz, at 15 mel, then 27 mel for each factor of 6.4. */
const LINEAR_HZ = 200 / 3;
const BREAK_HZ = 1000;
const BREAK_MEL = BREAK_HZ / LINEAR_HZ;
const LOG_STEP = Math.log(6.4) / 27;

type Scale = CompleteFrontEnd['melScale'];

export function toMel(hertz: number, scale: Scale): number {
  if (scale === 'htk') return 2595 * Math.log10(1 + hertz / 700);
  return hertz < BREAK_HZ ? hertz / LINEAR_HZ : BREAK_MEL + Math.log(hertz / BREAK_HZ) / LOG_STEP;
}

export function fromMel(mel: number, scale: Scale): number {
  if (scale === 'htk') return 700 * (10 ** (mel / 2595) - 1);
  return mel < BREAK_MEL ? mel * LINEAR_HZ : BREAK_HZ * Math.exp(LOG_STEP * (mel - BREAK_MEL));
}

/** The frequencies, in Hz, at which the filters begin, peak and end: filter m rises from edge m to m+1 and falls to m+2. */
export function filterEdges({ nMels, fMin, fMax, melScale }: Pick<CompleteFrontEnd, 'nMels' | 'fMin' | 'fMax' | 'melScale'>): number[] {
  const [low, high] = [toMel(fMin, melScale), toMel(fMax, melScale)];
  return Array.from({ length: nMels + 2 }, (_, i) => fromMel(low + ((high - low) * i) / (nMels + 1), melScale));
}

/** Triangular filters, [nMels, bins], row by row, where bins are the frequencies from 0 to half the sample rate (as torchaudio's melscale_fbanks). */
export function melFilters(
  spec: Pick<CompleteFrontEnd, 'nFft' | 'sampleRate' | 'nMels' | 'fMin' | 'fMax' | 'melScale' | 'norm'>,
): Float64Array {
  const bins = Math.floor(spec.nFft / 2) + 1;
  const edges = filterEdges(spec);
  const top = Math.floor(spec.sampleRate / 2);
  const filters = new Float64Array(spec.nMels * bins);
  for (let m = 0; m < spec.nMels; m++) {
    const [begin, peak, end] = edges.slice(m, m + 3);
    const scale = spec.norm === 'slaney' ? 2 / (end - begin) : 1;
    for (let bin = 0; bin < bins; bin++) {
      const frequency = (top * bin) / (bins - 1);
      const height = Math.min((frequency - begin) / (peak - begin), (end - frequency) / (end - peak));
      filters[m * bins + bin] = scale * Math.max(0, height);
    }
  }
  return filters;
}
