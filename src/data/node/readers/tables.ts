import { DataError } from '../../../base/index.js';
import type { Dataset } from '../../dataset.js';
import type { PartName } from '../../formats/arrays.js';
import { datasetsFromTables, type Table, tableFromCsv, tableFromJson, tableFromJsonLines } from '../../formats/tables/index.js';
import { joinTables } from '../../formats/tables/join.js';
import { contentOf } from '../files.js';
import type { OpenOptions } from '../options.js';
import type { TreeFile } from '../tree.js';
import { tableFromParquet } from './parquet.js';
import { filesByPart } from './parts.js';
import { type Entry, type Reader, topFiles } from './reader.js';

const TABLE = /\.(csv|tsv|jsonl|ndjson|parquet)(\.gz)?$/i;
/** Beside other data a .json file is more often about it than it itself. */
const JSON_ARRAY = /\.json(\.gz)?$/i;

/** A table may say what the files beside it are; then it is none itself. See `layOutByMetadata`. */
const METADATA = /(^|\/)metadata\.(csv|jsonl|parquet)$/i;

/** Any file of rows as a table, by its extension. */
export async function readTable(
  file: TreeFile,
  where: string,
  { header, maxUnpacked }: Pick<OpenOptions, 'header' | 'maxUnpacked'>,
): Promise<Table> {
  const [, extension] = /\.([a-z]+)(?:\.gz)?$/i.exec(file.path) ?? [];
  const bytes = await contentOf(file, where, maxUnpacked);
  switch (extension?.toLowerCase()) {
    case 'jsonl':
    case 'ndjson':
      return tableFromJsonLines(bytes, where);
    case 'json':
      return tableFromJson(bytes, where);
    case 'parquet':
      return tableFromParquet(bytes, where, maxUnpacked);
    default:
      return tableFromCsv(bytes, where, header);
  }
}

function recognizes(entry: Entry): readonly TreeFile[] {
  const found = topFiles(entry, TABLE);
  const inData = found.length > 0 ? found : entry.files.filter(({ path }) => /^data\/[^/]+$/.test(path) && TABLE.test(path));
  const rows = inData.filter(({ path }) => !METADATA.test(path) || entry.files.every((file) => TABLE.test(file.path)));
  if (rows.length > 0) return rows;
  const arrays = topFiles(entry, JSON_ARRAY);
  return arrays.length === entry.files.length ? arrays : [];
}

/** Tables: one as a whole, or one for each part. */
export const tables: Reader = {
  form: 'tables',
  reads: '.csv, .tsv, .jsonl, .json or .parquet, the texts also gzipped',
  recognizes,
  async open(entry, files, options, activity) {
    const byPart = filesByPart(entry.path, files, files.some(({ path }) => TABLE.test(path)) ? TABLE : JSON_ARRAY);
    const read: Partial<Record<PartName, Table>> = {};
    for (const [part, pieces] of Object.entries(byPart) as [PartName, TreeFile[]][]) {
      const all: Table[] = [];
      for (const file of pieces) all.push(await readTable(file, file.at ?? `${entry.path}, ${file.path}`, options));
      read[part] = joinTables(all);
    }
    const { train, ...others } = datasetsFromTables(read, tableOptions(options), activity);
    if (!train) throw new DataError({ what: 'There is no training part', where: entry.path });
    return { name: entry.path, format: format(train), train, ...others, close: async () => undefined };
  },
};

function tableOptions({ label, labelled, classes, targets, columns, order, categories }: OpenOptions) {
  return { label, labelled, classes, targets, columns, order, categories };
}

function format({ inputs: [{ kind }] }: Dataset): string {
  return kind === 'text' ? 'texts in a table' : 'table';
}
