// What the command lines of the studies have in common.
import { parseArgs } from 'node:util';

/**
 * The flags of a study. Without --data it says what it needs, and ends.
 * @param options besides --data, as `parseArgs` takes them.
 * @param writeReport where given, --report only writes the page from --results, and ends.
 */
export function studyFlags(options, writeReport) {
  const report = writeReport && { report: { type: 'boolean', default: false } };
  const { values: flags } = parseArgs({ options: { data: { type: 'string' }, ...options, ...report } });
  if (flags.report) {
    writeReport(flags.results);
    process.exit(0);
  }
  if (!flags.data) {
    console.error('Give --data DIR; what it must hold is said at the top of the script.');
    process.exit(2);
  }
  return flags;
}
