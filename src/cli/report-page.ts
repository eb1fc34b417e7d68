import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/node/index.js';
import type { ReportInfo } from '../report/info/index.js';
import { reportHtml } from '../report/render/index.js';
import type { RunInfo } from '../strategies/index.js';

/** Writes the report of a run into its folder, with what devices found. @returns its path. */
export async function writeReport(folder: string, info: RunInfo): Promise<string> {
  const path = join(folder, 'report.html');
  await writeFileAtomic(path, reportHtml({ ...info, devices: await devicesOf(folder) }));
  return path;
}

async function devicesOf(folder: string): Promise<ReportInfo['devices']> {
  if (!existsSync(join(folder, 'devices.json'))) return [];
  const { deviceTimes, findingsIn } = await import('../studio/server/index.js');
  return deviceTimes(findingsIn(folder));
}
