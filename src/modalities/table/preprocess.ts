import {
  type ChannelStatistics,
  type ColumnSpec,
  declaredDims,
  type InputSpec,
  type ModelInput,
  type Preprocess,
} from '../../data/index.js';
import { plainPreprocesses } from '../tensor/preprocess.js';
import { type Encoding, encodedPlaces, encodedWidth, type PreparedColumn } from './columns.js';

const ENCODINGS: readonly Encoding[] = ['one-hot', 'one-hot-last', 'codes'];

/** Plain rows as they are and standardized; of rows with categories every encoding that the model's width takes, with missing values filled in. */
export function rowPreprocesses(sample: InputSpec, model: ModelInput, statistics?: ChannelStatistics): Preprocess[] {
  const { columns } = sample;
  if (!columns) return plainPreprocesses(sample, model, statistics);
  const seen = new Set<string>();
  return ENCODINGS.flatMap((encode) => {
    const places = JSON.stringify(encodedPlaces(columns, encode));
    if (seen.has(places)) return [];
    seen.add(places);
    return encodedPreprocesses(columns, encode, model, statistics);
  });
}

function encodedPreprocesses(
  columns: readonly ColumnSpec[],
  encode: Encoding,
  model: ModelInput,
  statistics: ChannelStatistics | undefined,
): Preprocess[] {
  const width = encodedWidth(columns, encode);
  const dims = declaredDims(model);
  const dtype = model.type ?? 'float32';
  const fits = dims.length === 1 && (dims[0] ?? width) === width;
  if (!fits || !dtype.startsWith('float')) return [];
  const prepared = columns.map((column, i): PreparedColumn => ({ ...column, fill: statistics?.fill?.[i] ?? 0 }));
  const prepare = { kind: 'columns', columns: prepared, encode };
  const ending = columns.some(({ categories }) => categories) ? ` ${encode}` : ' filled';
  const raw: Preprocess = { name: `raw${ending}`, prepare, layout: 'as-is', dtype };
  return statistics ? [raw, { ...raw, name: `dataset${ending}`, ...standardizing(columns, encode, statistics) }] : [raw];
}

/** Numbers get mean 0 and deviation 1; zeros and ones of categories stay. */
function standardizing(
  columns: readonly ColumnSpec[],
  encode: Encoding,
  { mean, std }: ChannelStatistics,
): Pick<Preprocess, 'mean' | 'std'> {
  const places = encodedPlaces(columns, encode);
  const isPlain = ({ column }: { column: number }) => !columns[column].categories;
  return {
    mean: places.map((place) => (isPlain(place) ? mean[place.column] : 0)),
    std: places.map((place) => (isPlain(place) && std[place.column] > 0 ? std[place.column] : 1)),
  };
}
