import { Command, CommanderError } from 'commander';
import { EspalierError, OptionError } from '../base/index.js';
import { applyCommand } from './commands/apply.js';
import { benchCommand } from './commands/bench.js';
import { demoCommand } from './commands/demo.js';
import { diffCommand } from './commands/diff.js';
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
import { version } from './version.js';

/** A command: adds itself to the program; `run` hands it a context and tears that down. */
export type AddCommand = (program: Command, run: Run) => void;
export type Run = <A extends unknown[], O extends CommonOptions>(
  action: (context: CommandContext, options: O, ...args: A) => Promise<void>,
) => (...given: [...A, O, Command]) => Promise<void>;

/** Exit codes: 0 done, 1 failed, 2 used wrongly, 130 stopped by Ctrl-C. */
const FAILED = 1;
const MISUSED = 2;
const INTERRUPTED = 130;

const commands: readonly AddCommand[] = [
  inspectCommand,
  benchCommand,
  trainCommand,
  evalCommand,
  diffCommand,
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
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    process.stderr.write('\nStopping. Press Ctrl-C again to stop at once.\n');
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, interrupt);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endOfReader);
  const state = { signal: controller.signal, verbose: args.includes('--verbose'), kept: undefined as string | undefined };
  try {
    await buildProgram(controller, (kept) => {
      state.kept = kept;
    }).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    return explain(error, state);
  } finally {
    // After a first Ctrl-C the process is about to end; another one must still end it with the same code.
    if (!controller.signal.aborted) for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupt);
  }
}

/** Whoever read the output has gone (`| head`): there is nobody left to work for. */
function endOfReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
}

/** @param noteKept is told where a command that ended keeps unfinished work. */
function buildProgram(controller: AbortController, noteKept: (path: string | undefined) => void): Command {
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
      const context = new CommandContext(options, controller);
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
    process.stderr.write(kept ? `Stopped. What is done is kept in ${kept}: the same command goes on from there.\n` : 'Stopped.\n');
    return INTERRUPTED;
  }
  if (error instanceof EspalierError) process.stderr.write(`error: ${error.message}\n`);
  else
    process.stderr.write(
      `error: ${(error as Error)?.message ?? error}. This is a defect of Espalier; --verbose shows where it happened.\n`,
    );
  if (verbose && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return error instanceof OptionError ? MISUSED : FAILED;
}
