import { sizeOf } from '../../base/index.js';
import {
  type ChannelStatistics,
  declaredDims,
  distinct,
  type InputSpec,
  type ModelInput,
  type Preprocess,
  scaling,
} from '../../data/index.js';
import { completeFrontEnd, type FrontEnd, frameCount, frameWidth } from './features/spec.js';

/** Windows and hops that are usual, in seconds, the first one for fresh models: "Hello Edge", then speech recognition. */
const FRAMINGS = [
  { window: 0.032, hop: 0.02 },
  { window: 0.025, hop: 0.01 },
  { window: 0.032, hop: 0.01 },
  { window: 0.032, hop: 0.016 },
  { window: 0.04, hop: 0.02 },
] as const;
const FILTERS = 32;
/** A rate for sounds that do not say theirs. */
const USUAL_RATE = 16_000;
/** Below the voice there are only hum and rumble. */
const LOWEST = 20;

/** The features that fresh models take. */
export function usualFrontEnd({ shape: [samples], sampleRate = USUAL_RATE }: Pick<InputSpec, 'shape' | 'sampleRate'>): FrontEnd {
  return framed(samples, sampleRate, FRAMINGS[0], FILTERS);
}

/** Shape of the features that fresh models take, channels first: [1, frames, filters]. */
export function featureShape(sample: Pick<InputSpec, 'shape' | 'sampleRate'>): [number, number, number] {
  const spec = completeFrontEnd(usualFrontEnd(sample));
  return [1, frameCount(spec), frameWidth(spec)];
}

/** The front end that gives features of the model's shape: [frames, width] or [1, frames, width]; undefined where none does. */
export function frontEndFor(sample: InputSpec, model: ModelInput): FrontEnd | undefined {
  const dims = declaredDims(model);
  const isFlat = dims.length === 2 && dims[0] !== 1;
  if (!isFlat && !(dims.length === 3 && (dims[0] ?? 1) === 1)) return undefined;
  const [frames, width = FILTERS] = dims.slice(-2);
  const { shape, sampleRate = USUAL_RATE } = sample;
  for (const framing of FRAMINGS) {
    const spec = framed(shape[0], sampleRate, framing, width);
    const wanted = frames === undefined ? spec : withFrames(spec, frames);
    if (wanted) return wanted;
  }
  return undefined;
}

function framed(samples: number, sampleRate: number, { window, hop }: (typeof FRAMINGS)[number], nMels: number): FrontEnd {
  const points = Math.round(window * sampleRate);
  const nFft = 2 ** Math.ceil(Math.log2(points));
  return {
    kind: 'log-mel',
    sampleRate,
    // So that there is a frame.
    samples: Math.max(samples, nFft / 2 + 1),
    nFft,
    ...(points < nFft && { winLength: points }),
    hop: Math.round(hop * sampleRate),
    nMels,
    fMin: LOWEST,
    // People and microphones differ in loudness more than words do.
    level: 'peak',
  };
}

/** The spec where the sound gives that many frames. */
function withFrames(spec: FrontEnd, frames: number): FrontEnd | undefined {
  return frameCount(completeFrontEnd(spec)) === frames ? spec : undefined;
}

/** Features, each filter standardized by the training samples' statistics or as they are; the sound itself where the model takes that. */
export function audioPreprocesses(sample: InputSpec, model: ModelInput, statistics?: ChannelStatistics): Preprocess[] {
  const dims = declaredDims(model);
  const dtype = model.type ?? 'float32';
  const frontEnd = frontEndFor(sample, model);
  if (frontEnd) {
    const full = completeFrontEnd(frontEnd);
    const shape = [...dims.slice(0, -2).map(() => 1), frameCount(full), frameWidth(full)];
    const common = { prepare: frontEnd, layout: 'as-is', shape, dtype } as const;
    const standard =
      statistics?.mean.length === frameWidth(full)
        ? [{ name: 'dataset log-mel', ...common, ...scaling('dataset', [0, 1], statistics) }]
        : [];
    return distinct([...standard, { name: 'raw log-mel', ...common }]);
  }
  if (dims.length > 2 || (dims.length === 2 && dims[0] !== 1 && dims[0] !== undefined)) return [];
  const samples = dims.at(-1) ?? sizeOf(sample.shape);
  const shape = dims.length === 2 ? [1, samples] : [samples];
  return [
    {
      name: 'raw sound',
      prepare: { kind: 'sound', ...(sample.sampleRate && { sampleRate: sample.sampleRate }), samples },
      layout: 'as-is',
      shape,
      dtype,
    },
  ];
}
