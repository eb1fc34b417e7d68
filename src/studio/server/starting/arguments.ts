import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { architectures } from '../../../architectures/index.js';
import { limitFacts } from '../../../report/info/index.js';
import type { DatasetInfo, StartRun } from '../../api/index.js';
import { notFound, Refusal } from '../refusal.js';
import { openBelow, segmentsOf } from '../serving/paths.js';
import type { Uploads } from './uploads.js';

/** Data that comes with the package: what a run can be started with besides uploads. */
export const DATASETS: readonly DatasetInfo[] = [
  { name: 'digits', title: '1,797 handwritten digits, 8×8 gray (Alpaydin and Kaynak; UCI, CC BY 4.0)' },
  { name: 'iris', title: '150 flowers of three species, four lengths (Fisher; UCI, CC BY 4.0)' },
];

/**
 * The command line that a run is started with. Uploads that it needs are kept from now on. Nothing of a request stands there as it came: names are known ones, paths
 * are this studio's own, numbers are written anew.
 * @param out the run's folder.
 * @throws Refusal (400, 404, 409).
 */
export async function argumentsFor(start: StartRun, out: string, uploads: Uploads): Promise<string[]> {
  const { model, data, limits = {} } = start;
  if ('architecture' in model && !architectures.some(({ name }) => name === model.architecture))
    throw new Refusal(400, {
      what: 'There is no such architecture',
      expected: architectures.map(({ name }) => name).join(', '),
      got: model.architecture,
    });
  if ('name' in data && !DATASETS.some(({ name }) => name === data.name)) throw notFound('There is no data set of this name');
  const segments = 'upload' in model ? segmentsOf(model.path) : [];
  if (!segments) throw notFound('The upload has no such model');
  if ('upload' in model) await (await openBelow(uploads.folderOf(model.upload), segments)).file.close();
  if ('upload' in data) uploads.folderOf(data.upload);
  const kept = new Map<string, string>();
  for (const part of [model, data]) if ('upload' in part && !kept.has(part.upload)) kept.set(part.upload, await uploads.keep(part.upload));
  const from = 'upload' in model ? [join(kept.get(model.upload) as string, ...segments)] : ['--arch', model.architecture];
  const options: readonly (readonly [string, string | number | undefined])[] = [
    ['--width', 'architecture' in model ? model.width : undefined],
    ['--data', 'upload' in data ? dataIn(kept.get(data.upload) as string) : data.name],
    ['--out', out],
    ['--trials', start.trials],
    ['--budget', start.budget === undefined ? undefined : `${start.budget}ms`],
    ['--epochs', start.epochs],
    ['--jobs', start.jobs],
    ['--seed', start.seed],
    ['--objectives', start.objectives?.join(',')],
    ['--compile', start.target],
    ...limitFacts.map(({ name, option }) => [`--${option}`, limits[name]] as const),
  ];
  return ['optimize', ...from, ...options.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]))];
}

/** A folder that was dropped is the one thing in its upload, and so is a file: a table, an archive. */
function dataIn(folder: string): string {
  const entries = readdirSync(folder).filter((name) => !name.startsWith('.'));
  return entries.length === 1 ? join(folder, entries[0]) : folder;
}
