import type { Command } from 'commander';
import type { Run } from './command.js';
import { applyConfig } from './config.js';
import { type Circumstances, failureOf } from './failure.js';
import { Interruption } from './interruption.js';
import type { CommonOptions } from './options.js';
import { jsonDocument, resultWasPrinted } from './output.js';
import { buildProgram, commandIn } from './program.js';
import { say } from './terminal.js';

/** Runs the command line. @returns the process's exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const interruption = new Interruption();
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endOfReader);
  let kept: string | undefined;
  let isJson = args.includes('--json');
  try {
    const run = runIn(interruption, (path) => {
      kept = path;
    });
    const program = await buildProgram(run, commandIn(args), args);
    const command = program.commands.find((each) => commandIn(args)(each.name()));
    if (command) {
      await applyConfig(command, process.cwd());
      isJson ||= command.getOptionValue('json') === true;
    }
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return explain(error, { interrupted: interruption.signal.aborted, kept }, { isJson, isVerbose: args.includes('--verbose') });
  } finally {
    interruption.end();
  }
}

/** Whoever read the output has gone (`| head`): there is nobody left to work for. */
function endOfReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
}

/** @param noteKept is told where a command that ended keeps unfinished work. */
function runIn(interruption: Interruption, noteKept: (path: string | undefined) => void): Run {
  return (action) =>
    async (...given) => {
      const [options, command] = given.slice(-2) as [CommonOptions, Command];
      const { CommandContext } = await import('./context.js');
      const context = new CommandContext(command.name(), options, interruption);
      try {
        await action(context, options as never, ...(given.slice(0, -2) as never));
      } finally {
        noteKept(context.kept);
        await context.close();
      }
    };
}

/** One paragraph on stderr, a stack only for --verbose; with --json a document on stdout as well, where there is none yet. */
function explain(
  error: unknown,
  circumstances: Circumstances,
  { isJson, isVerbose }: { readonly isJson: boolean; readonly isVerbose: boolean },
): number {
  const failure = failureOf(error, circumstances);
  if (!failure) return 0;
  if (failure.text !== undefined) say(`${failure.text}\n`);
  if (isVerbose && error instanceof Error && !circumstances.interrupted) say(`${error.stack}\n`);
  if (isJson && !resultWasPrinted()) process.stdout.write(jsonDocument('error', { exitCode: failure.code, error: failure.error }));
  return failure.code;
}
