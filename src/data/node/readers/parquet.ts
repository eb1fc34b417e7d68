import * as zlib from 'node:zlib';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { SchemaTree } from 'hyparquet';
import { allowed, DataError, EspalierError, FormatError, UNPACKED_IN_MEMORY } from '../../../base/index.js';
import { type Table, tableFromRecords } from '../../formats/tables/index.js';

/** Node has this from 22.15 on. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array };

/** A number, or what points to a text. */
const BYTES_PER_CELL = 8;

/**
 * A Parquet file as a table; uncompressed, Snappy, gzip and Brotli, and Zstandard where Node has it.
 * @throws FormatError for what is damaged or compressed in another way; DataError where it says that it holds more than is allowed.
 */
export async function tableFromParquet(
  bytes: Uint8Array,
  where: string,
  maxUnpacked = allowed(UNPACKED_IN_MEMORY, bytes.length),
): Promise<Table> {
  const { parquetMetadata, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const file = new Uint8Array(bytes).buffer;
  const compressors = {
    GZIP: (packed: Uint8Array) => gunzipSync(packed, { maxOutputLength: maxUnpacked }),
    BROTLI: (packed: Uint8Array) => brotliDecompressSync(packed, { maxOutputLength: maxUnpacked }),
    ...(zstdDecompressSync && { ZSTD: zstdDecompressSync }),
  };
  try {
    // Runs of equal values take no room: what the file says of its rows is looked at before they are made.
    const mostCells = maxUnpacked / BYTES_PER_CELL;
    const metadata = parquetMetadata(file);
    const schema = parquetSchema(metadata);
    const cells = Number(metadata.num_rows) * schema.children.length;
    if (!(cells <= mostCells)) throw tooLarge(where, cells, mostCells);
    for (const { columns } of metadata.row_groups) for (const column of columns) checkPath(schema, column.meta_data?.path_in_schema ?? []);
    return tableFromRecords(await parquetReadObjects({ file, metadata, compressors }), where, mostCells);
  } catch (cause) {
    if (cause instanceof EspalierError) throw cause;
    const what = `The Parquet file cannot be read (${(cause as Error).message})`;
    throw new FormatError({ what, where, fix: 'Write it again with Snappy compression' }, { cause });
  }
}

/** The reader finds this out while other columns are read, whose own errors would then reach nobody and end the process. */
function checkPath(schema: SchemaTree, path: readonly string[]): void {
  let place: SchemaTree | undefined = schema;
  for (const part of path) place = place?.children.find(({ element }) => element.name === part);
  if (!place) throw new Error(`no column ${JSON.stringify(path.join('.'))} in its schema`);
}

function tooLarge(where: string, cells: number, most: number): DataError {
  return new DataError({
    what: 'The Parquet file unpacks to more than is allowed',
    where,
    expected: `at most ${Math.floor(most)} values`,
    got: String(cells),
    fix: 'If it is meant to be so large, allow it with --max-unpacked SIZE (maxUnpacked).',
  });
}
