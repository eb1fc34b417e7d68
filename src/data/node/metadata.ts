import { type Activity, DataError } from '../../base/index.js';
import { keepAsTest, type PartName, partOf } from '../formats/arrays.js';
import { LABEL_NAMES } from '../formats/csv.js';
import { listed, type TargetOptions } from '../formats/labels.js';
import { findColumns, pickTableRows, splitNames, type Table, tableTargets, textsOf } from '../formats/tables/index.js';
import type { Targets } from '../targets.js';
import type { OpenOptions } from './options.js';
import type { Layout } from './parts.js';
import { readTable } from './readers/tables.js';
import type { TreeFile } from './tree.js';

const METADATA = /(^|\/)metadata\.(csv|jsonl|parquet)$/i;

/** The column that says which file a row is about, relative to the table's folder. */
const FILE_NAME = 'file_name';

/** Target columns that are usual besides those of other tables. */
const USUAL = [...LABEL_NAMES, 'labels', 'targets'];

/** Tables called metadata that lie beside files and say what they are (Hugging Face's imagefolder and audiofolder); none where there are none. */
export function metadataFiles(all: readonly TreeFile[]): TreeFile[] {
  return all.filter(({ path }) => METADATA.test(path));
}

/**
 * Files with the targets that metadata.csv, .jsonl or .parquet beside them gives each: a class, a list of labels, or numbers. Files without a row are left
 * out with a warning.
 * @throws DataError for a row whose file is not there, or a table without file names.
 */
export async function layOutByMetadata(
  files: readonly TreeFile[],
  tables: readonly TreeFile[],
  where: string,
  options: TargetOptions & Pick<OpenOptions, 'label' | 'maxUnpacked'>,
  activity: Activity = {},
): Promise<Layout> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const listedFiles = new Set<string>();
  const rows: Partial<Record<PartName, { files: TreeFile[]; table: Table }[]>> = {};
  for (const file of tables) {
    const at = `${where}, ${file.path}`;
    const table = await readTable(file, at, options);
    const folder = file.path.includes('/') ? file.path.slice(0, file.path.lastIndexOf('/') + 1) : '';
    const found = fileNames(table).map((name) => {
      const path = folder + name;
      listedFiles.add(path);
      const known = byPath.get(path);
      if (known) return known;
      throw new DataError({
        what: 'A file that the table names is not there',
        where: at,
        got: path,
        fix: `Names are relative to the table; remove the row, or add the file`,
      });
    });
    for (const [part, places] of placesByPart(found)) {
      const piece = { files: places.map((place) => found[place]), table: pickTableRows(table, Int32Array.from(places)) };
      rows[part] = [...(rows[part] ?? []), piece];
    }
  }
  const left = files.filter(({ path }) => !listedFiles.has(path)).map(({ path }) => path);
  if (left.length > 0)
    activity.onMessage?.({
      level: 'warning',
      text: `${where}: ${left.length} file(s) have no row in the metadata and are left out: ${listed(left, 5)}.`,
    });
  return withTargets(keepAsTest(rows), where, options);
}

function fileNames(table: Table): string[] {
  const column = table.columns.find(({ name }) => name === FILE_NAME);
  if (column?.kind === 'texts' || column?.kind === 'numbers') return textsOf(column);
  throw new DataError({
    what: 'The metadata has no column of file names',
    where: table.where,
    expected: `a column "${FILE_NAME}"`,
    got: listed(table.columns.map(({ name }) => name)),
  });
}

/** Places of the files of each part, by the first folder that names one. */
function placesByPart(files: readonly TreeFile[]): Map<PartName, number[]> {
  const places = new Map<PartName, number[]>();
  for (const [place, { path }] of files.entries()) {
    const part =
      path
        .split('/')
        .slice(0, -1)
        .map(partOf)
        .find((each) => each !== undefined) ?? 'train';
    places.set(part, [...(places.get(part) ?? []), place]);
  }
  return places;
}

function withTargets(
  rows: Partial<Record<PartName, { files: TreeFile[]; table: Table }[]>>,
  where: string,
  options: TargetOptions & Pick<OpenOptions, 'label' | 'maxUnpacked'>,
): Layout {
  const parts: Layout = {};
  let like: Targets | undefined;
  for (const part of ['train', 'validation', 'test'] as const) {
    const [piece, ...more] = rows[part] ?? [];
    if (!piece) continue;
    if (more.length > 0)
      throw new DataError({ what: `Several tables of metadata are about the ${part} part`, where, fix: 'Put their rows into one table' });
    const columns = targetsOf(piece.table, options.label);
    const targets = columns.length > 0 ? tableTargets(columns, piece.table.where, { ...options, like }) : undefined;
    parts[part] = { files: piece.files, ...(targets && { targets }) };
    like ??= targets;
  }
  if (parts.train) return parts;
  throw new DataError({ what: 'The metadata names no file of a training part', where });
}

/** The columns named; else the one with a usual name; else the only one besides the file's name. */
function targetsOf(table: Table, label: string | number | false | undefined) {
  if (label === false) return [];
  const others = table.columns.filter(({ name }) => name !== FILE_NAME);
  if (label !== undefined) return findColumns(table, splitNames(String(label), table.columns), 'label');
  const usual = others.filter(({ name }) => USUAL.includes(name.toLowerCase()));
  const [found, ...more] = usual.length > 0 ? usual : others;
  if (more.length === 0) return found ? [found] : [];
  throw new DataError({
    what: 'It is not clear which column of the metadata is the target',
    where: table.where,
    got: listed(others.map(({ name }) => name)),
    fix: 'Name one or several with --label',
  });
}
