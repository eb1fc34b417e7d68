import { existsSync } from 'node:fs';
import { formatDuration, OptionError } from '../../base/index.js';
import { inventedFeeds } from '../../diagnosis/index.js';
import { lowerGraph, type Tilings } from '../../infrastructure/codegen/index.js';
import { type LanguageName, languages } from '../../infrastructure/targets/index.js';
import type { Tuned } from '../../infrastructure/tuning/node/index.js';
import type { Model } from '../../onnx/index.js';
import type { CommandContext } from '../context.js';

export interface TuneOptions {
  /** Whether kernels that the table lacks are measured. */
  readonly measures: boolean;
  /** Milliseconds that this may take, about. */
  readonly budget: number;
  /** The table. Default: in the cache folder. */
  readonly file?: string;
}

/** How the kernels of a model are to be computed, and how that was found. */
export interface TunedFile extends Partial<Omit<Tuned, 'tilings' | 'table'>> {
  readonly tilings: Tilings;
  /** Where the table is. */
  readonly file: string;
}

/**
 * The fastest tilings of a model's kernels on this machine: from the table, those that it lacks by measuring them.
 * @throws OptionError where the file is no table, or has nothing of this machine and nothing is to be measured.
 */
export async function tuneModel(
  context: CommandContext,
  target: LanguageName,
  { prepared, model }: { readonly prepared: Model; readonly model: Model },
  { measures, budget, file: named }: TuneOptions,
): Promise<TunedFile> {
  const { tilingsIn } = await import('../../infrastructure/tuning/index.js');
  const { benchOf, defaultScheduleFile, readSchedules, tune, writeSchedules } = await import('../../infrastructure/tuning/node/index.js');
  const file = named ?? (await defaultScheduleFile());
  if (measures) context.willWrite(file);
  else if (!existsSync(file)) throw new OptionError({ what: 'There is no such file', where: file, fix: 'Have it measured with --tune.' });
  const table = readSchedules(file);
  if (!measures) {
    const bench = await benchOf(target);
    const known = 'absent' in bench ? undefined : table.of(bench);
    if (!known || known.size === 0)
      throw new OptionError({
        what: 'It has no schedules that were measured on this machine',
        where: file,
        fix: 'Have them measured with --tune.',
      });
    return { file, tilings: tilingsIn(known, lowerGraph(prepared, languages[target].schedule)) };
  }
  const shapes = Object.fromEntries(lowerGraph(prepared, languages[target].schedule).inputs.map(({ name, shape }) => [name, shape]));
  const feeds = inventedFeeds(model, { shapes, seed: 1 });
  const { table: found, ...tuned } = await tune({ ...context.activity, model: prepared, target, feeds, table, budget });
  if (found !== table) await writeSchedules(file, found);
  return { ...tuned, file };
}

/** What tuning brought, in a line. */
export function tunedText({ file, shapes, gain, tried, seconds, complete }: TunedFile): string {
  if (!shapes) return `by ${file}`;
  const { all, measured, faster } = shapes;
  const ways = `${faster} of ${all} kernels by shape are computed in another way`;
  if (measured === 0) return `${ways}, as ${file} has it: nothing was measured`;
  const by = gain
    ? `the model takes ${gain.ratio.toFixed(2)} times what it took (95% interval ${gain.interval.map((end) => end.toFixed(2)).join(' to ')})`
    : 'no other way of computing the new ones is faster beyond chance';
  const end = complete ? '' : '. The time ended before the search did: the same command goes on';
  return `${ways}: ${by}; ${tried} tried in ${formatDuration(seconds ?? 0)}, kept in ${file}${end}`;
}
