import * as zlib from 'node:zlib';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { allowed, FormatError, UNPACKED_IN_MEMORY } from '../../../base/index.js';
import { type Table, tableFromRecords } from '../../formats/tables/index.js';

/** Node has this from 22.15 on. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array };

/**
 * A Parquet file as a table; uncompressed, Snappy, gzip and Brotli, and Zstandard where Node has it.
 * @throws FormatError for what is damaged or compressed in another way.
 */
export async function tableFromParquet(
  bytes: Uint8Array,
  where: string,
  maxUnpacked = allowed(UNPACKED_IN_MEMORY, bytes.length),
): Promise<Table> {
  const { parquetReadObjects } = await import('hyparquet');
  const file = new Uint8Array(bytes).buffer;
  const compressors = {
    GZIP: (packed: Uint8Array) => gunzipSync(packed, { maxOutputLength: maxUnpacked }),
    BROTLI: (packed: Uint8Array) => brotliDecompressSync(packed, { maxOutputLength: maxUnpacked }),
    ...(zstdDecompressSync && { ZSTD: zstdDecompressSync }),
  };
  const records = await parquetReadObjects({ file, compressors }).catch((cause: Error) => {
    throw new FormatError(
      { what: `The Parquet file cannot be read (${cause.message})`, where, fix: 'Write it again with Snappy compression' },
      { cause },
    );
  });
  return tableFromRecords(records, where);
}
