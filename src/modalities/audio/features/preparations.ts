import { DataError, OptionError } from '../../../base/index.js';
import type { DataTensor, Preparation, Prepare } from '../../../data/index.js';
import { type Extractor, extractor } from './host.js';
import { completeFrontEnd, type FrontEnd, frameCount, frameWidth } from './spec.js';

/** Plans of the front ends in use, by their options: a plan has tables that take longer to make than a sound to look at. */
const PLANS = new Map<string, Extractor>();
const MOST_PLANS = 16;

/** Features of sounds [n, samples]: [n, frames, width]. */
function features(sounds: DataTensor, options: Prepare): DataTensor {
  const spec = completeFrontEnd(options);
  const key = JSON.stringify(spec);
  const extract = PLANS.get(key) ?? extractor(spec);
  if (!PLANS.has(key) && PLANS.size < MOST_PLANS) PLANS.set(key, extract);
  const [frames, width] = [frameCount(spec), frameWidth(spec)];
  const fitted = fitLength(sounds, spec.samples);
  const count = sounds.shape[0];
  const data = new Float32Array(count * frames * width);
  for (let n = 0; n < count; n++)
    extract(fitted.subarray(n * spec.samples, (n + 1) * spec.samples), data.subarray(n * frames * width, (n + 1) * frames * width));
  return { type: 'float32', shape: [count, frames, width], data };
}

/** Sounds [n, any length] brought to a length: zeros behind, or cut. @throws DataError for what is no sound. */
function fitLength({ type, shape, data }: DataTensor, samples: number): Float32Array {
  const [count, length] = shape;
  if (type !== 'float32' || shape.length !== 2) {
    throw new DataError({ what: 'The samples are no sounds', expected: 'float32 [n, samples]', got: `${type} [${shape.join(', ')}]` });
  }
  const sounds = data as Float32Array;
  if (length === samples) return sounds;
  const fitted = new Float32Array(count * samples);
  for (let n = 0; n < count; n++) fitted.set(sounds.subarray(n * length, n * length + Math.min(length, samples)), n * samples);
  return fitted;
}

/** Whether samples are prepared by a front end, into frames of features. */
export function isFrontEnd(prepare: Prepare | undefined): prepare is FrontEnd {
  return prepare?.kind === 'log-mel' || prepare?.kind === 'mfcc';
}

function checkSound({ samples }: Prepare): { samples: number } {
  if (Number.isInteger(samples) && Number(samples) >= 1) return { samples: Number(samples) };
  throw new OptionError({
    what: 'Not a usable value',
    where: 'preparation "sound"',
    expected: '"samples", a positive whole number',
    got: JSON.stringify(samples),
  });
}

/** Sounds of one length as they are. */
const sound: Preparation = {
  kind: 'sound',
  run: (sounds, options) => {
    const { samples } = checkSound(options);
    return { type: 'float32', shape: [sounds.shape[0], samples], data: fitLength(sounds, samples) };
  },
  check: checkSound,
};

/** What models of sounds take: features, or the sound itself. */
export const soundPreparations: readonly Preparation[] = [
  ...(['log-mel', 'mfcc'] as const).map((kind) => ({ kind, run: features, check: (options: Prepare) => void completeFrontEnd(options) })),
  sound,
];
