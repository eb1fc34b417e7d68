import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { FormatError } from '../../base/index.js';
import type { Json } from '../json.js';
import type { JournalRecord } from '../storages/index.js';

const journalRecord = z.object({ kind: z.string(), data: z.custom<Json>((value) => value !== undefined) });

const opening = '{"crc32":"';
const between = '","record":';

/** A record as a line of JSON with the CRC-32 of the record's own text before it. */
export function toLine({ kind, data }: JournalRecord): string {
  const text = JSON.stringify({ kind, data });
  return `${opening}${checksum(text)}${between}${text}}\n`;
}

/** What a journal's bytes hold. */
export interface JournalText {
  records: JournalRecord[];
  /** How many bytes from the start are whole records; what follows is the torn end of an interrupted write. */
  goodBytes: number;
  /** Whether the last whole record lacks its line end. */
  lacksLineEnd: boolean;
}

/**
 * Reads a journal. A write that was cut off leaves a last line without its end or with a wrong checksum; it is left out. Nothing else is.
 * @param where the journal's name, for errors.
 * @throws FormatError when a bad line has good ones after it, or when the file is no journal at all.
 */
export function parseJournal(bytes: Uint8Array, where: string): JournalText {
  const records: JournalRecord[] = [];
  const decoder = new TextDecoder();
  let goodBytes = 0;
  let torn: number | undefined;
  let lacksLineEnd = false;
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    const record = fromLine(decoder.decode(bytes.subarray(start, end)));
    if (record && torn !== undefined) {
      const fix = 'The file was changed or damaged after it was written: take a copy of it that is whole, or begin a new journal.';
      throw new FormatError({ what: 'The journal is damaged', where: `${where}, line ${torn}`, fix });
    }
    start = end + 1;
    if (record) {
      records.push(record);
      goodBytes = Math.min(start, bytes.length);
      lacksLineEnd = found < 0;
    } else torn ??= line;
  }
  if (records.length === 0 && bytes.length > 0) checkIsTornStart(decoder.decode(bytes), where);
  return { records, goodBytes, lacksLineEnd };
}

/** The record of a line, without its end; undefined for one that was torn or changed. */
export function fromLine(line: string): JournalRecord | undefined {
  const head = opening.length + 8 + between.length;
  if (!line.startsWith(opening) || !line.startsWith(between, opening.length + 8) || !line.endsWith('}')) return undefined;
  const text = line.slice(head, -1);
  if (line.slice(opening.length, opening.length + 8) !== checksum(text)) return undefined;
  return journalRecord.safeParse(JSON.parse(text)).data;
}

/** A journal whose very first write was cut off begins as every journal does; any other file is not ours to overwrite. */
function checkIsTornStart(text: string, where: string): void {
  const isStart = text.startsWith(opening) || opening.startsWith(text);
  if (isStart && !text.includes('\n')) return;
  throw new FormatError({
    what: 'This file is no journal',
    where,
    expected: 'lines of JSON with a checksum and a record',
    got: JSON.stringify(text.slice(0, 40)),
    fix: 'Name another file; this one was left as it is.',
  });
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
