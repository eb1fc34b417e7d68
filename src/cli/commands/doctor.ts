import { ResourceError } from '../../base/index.js';
import type { AddCommand } from '../command.js';
import { checkBackends } from '../doctor/backends.js';
import type { Check, Section } from '../doctor/check.js';
import { checkMachine } from '../doctor/machine.js';
import { checkSoftware } from '../doctor/software.js';
import type { CommonOptions } from '../options.js';
import { version } from '../version.js';

const MARKS = { ok: 'ok', warning: 'look', absent: '-', broken: 'BROKEN' } as const;
const WIDTH = 26;

/** Tries what Espalier needs and may use, and says what to do where something is not as it should be. */
export const doctorCommand: AddCommand = (program, run) => {
  program
    .command('doctor')
    .addHelpText('after', '\nExample:\n  $ espalier doctor --json')
    .action(
      run(async ({ output, runtime }, _options: CommonOptions) => {
        const sections: Section[] = [
          { title: 'Backends, each with a tiny model', checks: await checkBackends(runtime) },
          { title: 'Software', checks: await checkSoftware() },
          { title: 'Machine', checks: await checkMachine() },
        ];
        const checks = sections.flatMap((section) => section.checks);
        const broken = checks.filter(({ status }) => status === 'broken');
        output.result({ version, ok: broken.length === 0, checks }, asText(sections, broken.length));
        if (broken.length > 0) throw notWorking(broken);
      }),
    );
};

function notWorking(broken: readonly Check[]): ResourceError {
  const names = broken.map(({ name }) => name).join('; ');
  return new ResourceError({ what: `What Espalier needs does not work: ${names}`, fix: broken[0].fix });
}

function asText(sections: readonly Section[], broken: number): string {
  const lines = sections.flatMap(({ title, checks }) => [
    title,
    ...checks.flatMap(({ name, status, found, fix }) => [
      `  ${MARKS[status].padEnd(8)}${name.padEnd(WIDTH)}${found}`,
      ...(fix === undefined ? [] : [`${' '.repeat(10 + WIDTH)}${fix}`]),
    ]),
    '',
  ]);
  const end = broken === 0 ? 'All that is needed works.' : `${broken} of the things that are needed do not work.`;
  return [`Espalier ${version}`, '', ...lines, end].join('\n');
}
