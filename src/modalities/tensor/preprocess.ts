import { sameShape, sizeOf } from '../../base/index.js';
import {
  type ChannelStatistics,
  declaredDims,
  distinct,
  type InputSpec,
  type ModelInput,
  type Preprocess,
  scaling,
} from '../../data/index.js';

/** The plain and the standardized values, in the model's shape. */
export function plainPreprocesses(sample: InputSpec, model: ModelInput, statistics?: ChannelStatistics): Preprocess[] {
  const dims = declaredDims(model);
  const dtype = model.type ?? 'float32';
  const shape = fillIn(dims, sample.shape);
  if (!shape) return [];
  const common = { layout: 'as-is', ...(!sameShape(shape, sample.shape) && { shape }), dtype } as const;
  const candidates: Preprocess[] = [{ name: 'raw', ...common }];
  if (!dtype.startsWith('float')) return candidates;
  if (sample.range) {
    for (const name of ['0-1', '+-1'] as const) candidates.push({ name, ...common, ...scaling(name, sample.range) });
  }
  if (statistics) candidates.push({ name: 'dataset', ...common, ...scaling('dataset', sample.range ?? [0, 1], statistics) });
  return distinct(candidates);
}

/** The model's sample shape with its open dimensions filled from the sample; undefined where it cannot hold the sample. */
function fillIn(dims: readonly (number | undefined)[], sample: readonly number[]): number[] | undefined {
  if (dims.length === sample.length) {
    return dims.every((dim, axis) => dim === undefined || dim === sample[axis]) ? [...sample] : undefined;
  }
  const open = dims.filter((dim) => dim === undefined).length;
  const rest = sizeOf(sample) / sizeOf(dims.map((dim) => dim ?? 1));
  if (open > 1 || !Number.isInteger(rest) || (open === 0 && rest !== 1)) return undefined;
  return dims.map((dim) => dim ?? rest);
}
