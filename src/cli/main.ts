import { Command, CommanderError } from 'commander';
import { EspalierError, OptionError } from '../base/index.js';
import { applyCommand } from './commands/apply.js';
import { benchCommand } from './commands/bench.js';
import { demoCommand } from './commands/demo.js';
import { distillCommand } from './commands/distill.js';
import { evalCommand } from './commands/eval.js';
import { inspectCommand } from './commands/inspect.js';
import { optimizeCommand } from './commands/optimize.js';
import { pruneCommand } from './commands/prune.js';
import { quantizeCommand } from './commands/quantize.js';
import { reportCommand } from './commands/report.js';
import { techniquesCommand } from './commands/techniques.js';
import { trainCommand } from './commands/train.js';
import { addCommonOptions, CommandContext, type CommonOptions } from './context.js';
import { INTERRUPTED, Interruption } from './interruption.js';
import { say } from './terminal.js';
import { version } from './version.js';

/** A command: adds itself to the program; `run` hands it a context and tears that down. */
export type AddCommand = (program: Command, run: Run) => void;
export type Run = <A extends unknown[], O extends CommonOptions>(
  action: (context: CommandContext, options: O, ...args: A) => Promise<void>,
) => (...given: [...A, O, Command]) => Promise<void>;

/** Exit codes: 0 done, 1 failed, 2 used wrongly, 130 stopped by Ctrl-C. */
const FAILED = 1;
const MISUSED = 2;

const commands: readonly AddCommand[] = [
  inspectCommand,
  benchCommand,
  trainCommand,
  evalCommand,
  quantizeCommand,
  pruneCommand,
  distillCommand,
  applyCommand,
  techniquesCommand,
  optimizeCommand,
  reportCommand,
  demoCommand,
];

/** Runs the command line. @returns the process's exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const interruption = new Interruption();
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endOfReader);
  const { signal } = interruption;
  const state = { signal, verbose: args.includes('--verbose'), kept: undefined as string | undefined };
  try {
    await buildProgram(interruption, (kept) => {
      state.kept = kept;
    }).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return explain(error, state);
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
function buildProgram(interruption: Interruption, noteKept: (path: string | undefined) => void): Command {
  const program = new Command('espalier')
    .description(
      'Makes deep-learning models smaller, faster and better: an ONNX model and data in, a Pareto front of ready-to-ship ONNX models out.',
    )
    .version(version)
    .showHelpAfterError('(add --help for usage)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ espalier inspect model.onnx\n  $ espalier optimize model.onnx --data photos/ --max-drop 1 --out better/\n  $ espalier optimize --arch survey-cnn --data digits --strategy grow-improve-shrink --max-size 100KB --out better/',
    )
    .exitOverride();
  const run: Run =
    (action) =>
    async (...given) => {
      const options = given.at(-2) as CommonOptions;
      const context = new CommandContext(options, interruption);
      try {
        await action(context, options as never, ...(given.slice(0, -2) as never));
      } finally {
        noteKept(context.kept);
        await context.close();
      }
    };
  for (const add of commands) add(program, run);
  for (const command of program.commands) addCommonOptions(command).exitOverride().showHelpAfterError('(add --help for usage)');
  return program;
}

/** One paragraph on stderr; a stack only for --verbose or a defect of Espalier. */
function explain(error: unknown, { signal, verbose, kept }: { signal: AbortSignal; verbose: boolean; kept?: string }): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED;
  if (signal.aborted) {
    say(kept ? `Stopped. What is done is kept in ${kept}: the same command goes on from there.\n` : 'Stopped.\n');
    return INTERRUPTED;
  }
  if (error instanceof EspalierError) say(`error: ${error.message}\n`);
  else if (isOutOfMemory(error)) say(`error: ${outOfMemory(error)}\n`);
  else say(`error: ${(error as Error)?.message ?? error}. This is a defect of Espalier; --verbose shows where it happened.\n`);
  if (verbose && error instanceof Error) say(`${error.stack}\n`);
  return error instanceof OptionError ? MISUSED : FAILED;
}

/** What JavaScript throws where an array, a buffer or a text would be longer than there is memory or the language allows. */
function isOutOfMemory(error: unknown): error is Error {
  const code = (error as NodeJS.ErrnoException)?.code;
  if (code === 'ERR_BUFFER_TOO_LARGE' || code === 'ERR_STRING_TOO_LONG' || code === 'ERR_MEMORY_ALLOCATION_FAILED') return true;
  return error instanceof RangeError && /allocation|array length|string length|typed array|buffer/i.test(error.message);
}

function outOfMemory({ message }: Error): string {
  return `The work does not fit into memory (${message}). A file may be damaged, or ask for more than this machine has; smaller batches (--limit, --samples) need less.`;
}
