import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError } from '../../base/index.js';
import { readJson } from '../../base/node/index.js';
import { frontTable } from '../../report/render/index.js';
import { parseRunInfo, type RunInfo } from '../../strategies/index.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';
import { writeReport } from '../report-page.js';

/** The report again, from what a run left. */
export const reportCommand: AddCommand = (program, run) => {
  program
    .command('report <folder>')
    .addHelpText('after', '\nExample:\n  $ espalier report better/')
    .action(
      run(async ({ output }, _options: CommonOptions, folder: string) => {
        const info = readRun(folder);
        const page = await writeReport(folder, info);
        output.result(info, frontTable(info, { width: output.width, color: output.color }));
        output.info(`Wrote ${page}`);
      }),
    );
};

/** A run's front.json. @throws FormatError where there is none or it is of another version or damaged. */
export function readRun(folder: string): RunInfo {
  const path = join(folder, 'front.json');
  if (!existsSync(path)) {
    const begun = existsSync(join(folder, 'journal.jsonl'));
    throw new FormatError({
      what: begun ? 'The run has not finished' : 'There is no run here',
      where: folder,
      fix: begun ? 'Run the same optimize command again: it goes on where it stopped.' : 'Give the --out folder of an optimize run.',
    });
  }
  return parseRunInfo(readJson(path), path);
}
