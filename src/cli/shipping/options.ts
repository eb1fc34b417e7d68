import { type Command, Option } from 'commander';
import { number, positiveInteger, shapes } from '../units.js';

/** Options of every command that writes a model. */
export interface ShippingOptions {
  force?: boolean;
  /** In the metric's own units: points, hundredths or percent. */
  maxDrop?: number;
  /** False where no time is to be measured. */
  time: boolean;
  /** Whether a model that is not faster than the original is refused. */
  requireFaster?: boolean;
}

/** Options of commands that may have to make inputs up. */
export interface InventedOptions {
  shape?: Record<string, number[]>;
  batch?: number;
}

export function addShippingOptions<C extends Command>(command: C): C {
  command
    .option('--force', 'write the model even where it loses too much, gains nothing or does not load')
    .option('--max-drop <points>', 'largest loss of quality on the test part before the model is refused (default: 5)', number)
    .option('--no-time', 'do not measure the time before and after')
    .addOption(
      new Option(
        '--require-faster',
        'write the model only where it is faster than before; when quantizing, layers stay in the type in which they are faster here',
      ).conflicts('time'),
    );
  return command;
}

export function addInventedOptions<C extends Command>(command: C): C {
  command
    .option(
      '--shape <shapes>',
      'shapes of inputs that are made up, e.g. "input=1x3x224x224;mask=1x8" (default: as declared, or likely)',
      shapes,
    )
    .option(
      '--batch <number>',
      'samples at a time of inputs that are made up, where the model leaves that open (default: 1)',
      positiveInteger,
    );
  return command;
}
