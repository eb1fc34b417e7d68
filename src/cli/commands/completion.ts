import { Argument } from 'commander';
import type { AddCommand } from '../command.js';
import { describeCommands, scripts } from '../completion.js';
import type { CommonOptions } from '../options.js';
import { buildProgram } from '../program.js';

type Shell = keyof typeof scripts;

/** A shell's completion script, made of the commands and options that there are. */
export const completionCommand: AddCommand = (program, run) => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'whose script to print').choices(Object.keys(scripts)))
    .addHelpText(
      'after',
      `
Examples:
  $ espalier completion bash >> ~/.bash_completion
  $ espalier completion zsh > "\${fpath[1]}/_espalier"
  $ espalier completion fish > ~/.config/fish/completions/espalier.fish`,
    )
    .action(
      run(async ({ output }, _options: CommonOptions, shell: Shell) => {
        const whole = await buildProgram(run, () => true);
        const script = scripts[shell](describeCommands(whole));
        output.result({ shell, script }, script);
      }),
    );
};
