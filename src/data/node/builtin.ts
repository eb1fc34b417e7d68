import { fileURLToPath } from 'node:url';
import type { DataSource } from '../dataset.js';
import { parseCsv } from '../formats/csv.js';
import { numberLabels } from '../formats/labels.js';
import { arrayDataset } from '../memory.js';
import { type ClassTargets, classTargets } from '../targets.js';
import type { DataTensor } from '../tensor.js';
import { readContent } from './files.js';
import type { OpenOptions } from './options.js';

/**
 * Data that comes with the package (UCI, CC BY 4.0; see NOTICE): `digits` are 1,797 handwritten digits (Alpaydin and Kaynak) as 8×8 gray
 * images with values 0 to 16; `iris` are 150 flowers (Fisher) of three species, four lengths in centimetres.
 */
export const BUILTIN = { digits: openDigits, iris: openIris } as const;

async function openDigits(options: OpenOptions): Promise<DataSource> {
  const { features, labels = [] } = parseCsv(await asset('digits.csv.gz'), 'digits', { header: false });
  const image: DataTensor = { type: 'uint8', shape: [features.shape[0], 8, 8, 1], data: Uint8Array.from(features.data as Float32Array) };
  const classes = Array.from({ length: 10 }, (_, digit) => String(digit));
  const kinds = { image: { kind: 'image', range: [0, 16] } } as const;
  const train = arrayDataset({ name: 'digits', inputs: { image }, kinds, ...targetsOf(labels, classes, 'digits', options) });
  return { name: 'digits', format: 'built-in', train, close: async () => undefined };
}

async function openIris(options: OpenOptions): Promise<DataSource> {
  // The first line, as scikit-learn keeps it, is: samples, features, names of the classes.
  const { features, labels = [], header = [] } = parseCsv(await asset('iris.csv'), 'iris', { header: true, label: 4 });
  const train = arrayDataset({ name: 'iris', inputs: { features }, ...targetsOf(labels, header.slice(2), 'iris', options) });
  return { name: 'iris', format: 'built-in', train, close: async () => undefined };
}

/** The classes, in the order that was asked for; nothing where no labels are wanted. @throws DataError where an order leaves a class out. */
function targetsOf(
  labels: readonly string[],
  names: readonly string[],
  where: string,
  { classes = names, labelled = true }: OpenOptions,
): { targets?: ClassTargets } {
  if (!labelled) return {};
  const own = Array.from(numberLabels(labels, names, where), (label) => names[label]);
  return { targets: classTargets(numberLabels(own, classes, where), classes) };
}

/** The package's own files lie beside dist/. */
function asset(name: string): Promise<Uint8Array> {
  return readContent(fileURLToPath(new URL(`../../../assets/${name}`, import.meta.url)));
}
