import { samplers } from '../../automation/index.js';
import { inColumns } from '../columns.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';

/** What `optimize --sampler` may name. */
export const samplersCommand: AddCommand = (program, run) => {
  program
    .command('samplers')
    .addHelpText('after', '\nExample:\n  $ espalier samplers --json')
    .action(
      run(async ({ output }, _options: CommonOptions) => {
        const rows = Object.entries(samplers).map(([name, { when }]) => ({ name, when }));
        output.result({ samplers: rows }, inColumns([['sampler', 'when'], ...rows.map(({ name, when }) => [name, when])]));
      }),
    );
};
