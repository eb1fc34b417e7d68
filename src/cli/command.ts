import type { Command } from 'commander';
import type { CommandContext } from './context.js';
import type { CommonOptions } from './options.js';

/**
 * A command: adds itself to the program; `run` hands it a context and tears that down.
 * @param args the command line, for commands whose options depend on what it names; none where it is not known.
 */
export type AddCommand = (program: Command, run: Run, args: readonly string[]) => void;
export type Run = <A extends unknown[], O extends CommonOptions>(
  action: (context: CommandContext, options: O, ...args: A) => Promise<void>,
) => (...given: [...A, O, Command]) => Promise<void>;
