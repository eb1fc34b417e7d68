import { Command } from 'commander';
import type { Run } from './command.js';
import { type CommandEntry, commands } from './commands.js';
import { addCommonOptions } from './options.js';
import { version } from './version.js';

const USAGE = '(add --help for usage)';
const EXAMPLES = `
Examples:
  $ espalier inspect model.onnx
  $ espalier optimize model.onnx --data photos/ --max-drop 1 --out better/
  $ espalier optimize --arch survey-cnn --data digits --strategy grow-improve-shrink --max-size 100KB --out better/`;

/**
 * The command line, with the options of the commands that are wanted; the others are there with name and summary only.
 * @param wanted says of a command's name whether its module is to be loaded.
 * @param args the command line, where it is known.
 */
export async function buildProgram(run: Run, wanted: (name: string) => boolean, args: readonly string[] = []): Promise<Command> {
  const program = new Command('espalier')
    .description(
      'Makes deep-learning models smaller, faster and better: an ONNX model and data in, a Pareto front of ready-to-ship ONNX models out.',
    )
    .version(version)
    .showHelpAfterError(USAGE)
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  for (const entry of commands) {
    const command = wanted(entry.name) ? await loaded(entry, program, run, args) : program.command(entry.name);
    command.description(entry.summary);
  }
  return program;
}

async function loaded({ name, load }: CommandEntry, program: Command, run: Run, args: readonly string[]): Promise<Command> {
  (await load())(program, run, args);
  const command = program.commands.find((each) => each.name() === name);
  if (!command) throw new Error(`The module of the command "${name}" adds no command of that name`);
  return addCommonOptions(command).exitOverride().showHelpAfterError(USAGE);
}

/** Says which command a command line means: its first word, or the one after "help". */
export function commandIn(args: readonly string[]): (name: string) => boolean {
  const words = args.filter((each) => !each.startsWith('-'));
  const asked = words[0] === 'help' ? words[1] : words[0];
  return (name) => name === asked;
}
