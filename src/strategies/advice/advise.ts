import type { Seen } from './features.js';
import { type Expected, expected, type Gain, type GainsTable } from './gains.js';

/** Where a model is to run. */
export type Place = 'cpu' | 'web' | 'phone' | 'mcu';
export const PLACES: readonly Place[] = ['cpu', 'web', 'phone', 'mcu'];

/** One thing to try. */
export interface Advice {
  readonly way: string;
  readonly technique: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly needsData: boolean;
  readonly trains: boolean;
  /** Relative to the original's. */
  readonly size: Expected;
  readonly latency: Expected;
  /** SQNR of the worst output in dB. */
  readonly fidelity?: Expected;
  /** Models that it was tried on, of these written, and of these refused because a bound was broken. */
  readonly tried: number;
  readonly written: number;
  readonly refused: number;
}

export interface Advised {
  /** The most promising first. */
  readonly advice: readonly Advice[];
  /** What is not worth a try, and why. */
  readonly not: readonly { readonly way: string; readonly why: string }[];
}

/** What counts where a model is to run: the logarithm of a gain in size against one in time. */
const WEIGHTS: Readonly<Record<Place, { size: number; time: number }>> = {
  cpu: { size: 0.25, time: 1 },
  web: { size: 1, time: 0.5 },
  phone: { size: 0.7, time: 0.7 },
  mcu: { size: 1, time: 0.25 },
};
/** A smaller expected gain, as a logarithm, is none; so is fidelity below so many dB. */
const LEAST_GAIN = 0.05;
const LEAST_SQNR = 10;
/** Numbers that are stored small and widened when the model is loaded: a microcontroller has no memory for that. */
const WIDENED = new Set(['quantize weights', 'quantize half', 'weight-sharing', 'quantize dynamic']);

/** What to try on a model, by its graph and the table alone. */
export function advise({ ways }: GainsTable, seen: Seen, place: Place): Advised {
  const not: { way: string; why: string }[] = [];
  const found: { advice: Advice; worth: number }[] = [];
  for (const [way, gain] of Object.entries(ways)) {
    const advice = adviceOf(way, gain, seen);
    const worth = -(WEIGHTS[place].size * Math.log(advice.size.value) + WEIGHTS[place].time * Math.log(advice.latency.value));
    const why =
      obstacle(way, gain, advice, seen, place) ?? (worth < LEAST_GAIN ? `no gain is expected for ${place}: ${told(advice)}` : undefined);
    if (why === undefined) found.push({ advice, worth: worth * (gain.written / gain.tried) });
    else not.push({ way, why });
  }
  return { advice: found.sort((a, b) => b.worth - a.worth).map(({ advice }) => advice), not };
}

function adviceOf(way: string, gain: Gain, { features }: Seen): Advice {
  const { technique, options, needsData, trains, tried, written, refused } = gain;
  return {
    way,
    technique,
    options,
    needsData,
    trains,
    size: expected(gain.size, features, Math.exp),
    latency: expected(gain.time, features, Math.exp),
    ...(gain.fidelity && { fidelity: expected(gain.fidelity, features) }),
    tried,
    written,
    refused,
  };
}

function obstacle(
  way: string,
  { technique, written, failsOnWeb }: Gain,
  { fidelity }: Advice,
  seen: Seen,
  place: Place,
): string | undefined {
  if (technique.startsWith('quantize') && seen.isQuantized) return 'the model is quantized already';
  if (seen.features.weightShare < 0.05 && technique !== 'minify' && !seen.isQuantized)
    return 'the model has hardly any floating-point weights';
  if (place === 'mcu' && WIDENED.has(way)) return 'it computes with floats, or needs memory to widen what is stored';
  if (place === 'web' && failsOnWeb > written / 10) return `of ${written} files ${failsOnWeb} did not run in onnxruntime-web`;
  if (fidelity && fidelity.high < LEAST_SQNR) return `its worst output is expected to be below ${LEAST_SQNR} dB`;
  return undefined;
}

function told({ size, latency }: Advice): string {
  return `${size.value.toFixed(2)} times the size, ${latency.value.toFixed(2)} times the time`;
}
