import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeFileAtomic } from '../../../base/node/index.js';
import { cacheFolder } from '../../../data/node/index.js';
import { parseScheduleTable, ScheduleTable } from '../table.js';

/** Where schedules are kept unless a file is named: in the cache folder, as decoded data is. */
export async function defaultScheduleFile(): Promise<string> {
  return join(await cacheFolder(undefined), 'schedules.json');
}

/** A table from a file; an empty one where there is no such file. @throws OptionError where it is of another form; FormatError where it is no JSON. */
export function readSchedules(path: string): ScheduleTable {
  return existsSync(path) ? parseScheduleTable(readJson(path), path) : new ScheduleTable();
}

/** Writes a table, whole or not at all. */
export async function writeSchedules(path: string, table: ScheduleTable): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(table, null, 1)}\n`);
}
