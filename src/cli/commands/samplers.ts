import { samplers, stoppers } from '../../automation/index.js';
import { inColumns } from '../columns.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';

/** What `optimize --sampler` and `--stopper` may name. */
export const samplersCommand: AddCommand = (program, run) => {
  program
    .command('samplers')
    .addHelpText('after', '\nExample:\n  $ espalier samplers --json')
    .action(
      run(async ({ output }, _options: CommonOptions) => {
        const rows = (table: { readonly [name: string]: { readonly when: string } }) =>
          Object.entries(table).map(([name, { when }]) => ({ name, when }));
        const found = { samplers: rows(samplers), stoppers: rows(stoppers) };
        const columns = (title: string, listed: typeof found.samplers) =>
          inColumns([[title, 'when'], ...listed.map(({ name, when }) => [name, when])]);
        output.result(found, `${columns('sampler', found.samplers)}\n\n${columns('stopper', found.stoppers)}`);
      }),
    );
};
