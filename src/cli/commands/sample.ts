import { readdirSync } from 'node:fs';
import { Argument } from 'commander';
import { OptionError } from '../../base/index.js';
import { makeFolder } from '../../base/node/index.js';
import { checkFolder } from '../checks.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';

interface Options extends CommonOptions {
  out: string;
}

/** Small data to try things with. */
export const sampleCommand: AddCommand = (program, run) => {
  program
    .command('sample')
    .addArgument(new Argument('<kind>', 'kind of data').choices(['image', 'audio', 'text', 'table']))
    .requiredOption('-o, --out <folder>', 'where it goes')
    .addHelpText('after', '\nExample:\n  $ espalier sample image -o digits/')
    .action(
      run(async (context, { out }: Options, kind: string) => {
        const { SAMPLES } = await import('../../modalities/node/index.js');
        const sample = SAMPLES.find(({ name }) => name === kind);
        if (!sample)
          throw new OptionError({ what: `There is no sample data "${kind}"`, expected: SAMPLES.map(({ name }) => name).join(', ') });
        checkFolder(out);
        makeFolder(out);
        if (readdirSync(out).length > 0) throw new OptionError({ what: 'The folder is not empty', where: out, fix: 'Name a new folder.' });
        await sample.write(out);
        context.output.result({ folder: out, kind, summary: sample.summary }, `${out}: ${sample.summary}.`);
      }),
    );
};
