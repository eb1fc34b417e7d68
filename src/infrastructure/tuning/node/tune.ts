import { UnsupportedError } from '../../../base/index.js';
import type { Tilings } from '../../codegen/index.js';
import type { ScheduleTable } from '../table.js';
import { benchOf } from './bench.js';
import type { TuneRequest } from './request.js';
import { type Gain, Search } from './search.js';

export interface Tuned {
  /** The fastest of each operator, where that is not the usual one. */
  readonly tilings: Tilings;
  /** What was known, and what was found. */
  readonly table: ScheduleTable;
  /** Shapes of kernels: all, those that were measured now, and those that are faster in another tiling than the usual one. */
  readonly shapes: { readonly all: number; readonly measured: number; readonly faster: number };
  /** The whole program beside the one without what was found now, where that won. */
  readonly gain?: Gain;
  /** Kernels that were measured, each in one tiling. */
  readonly tried: number;
  readonly seconds: number;
  /** Whether the search came to its end before the time did. */
  readonly complete: boolean;
}

/**
 * Looks for the fastest tiling of each kernel of a model, by the time that it takes on this machine in the code that the model becomes. Kernels of one shape
 * are one. The search is a coordinate descent for each, all at once: a program in which every kernel has one of its candidates measures all of them. What
 * wins is measured once more beside the usual one; so is the whole program, and where that is not faster beyond chance, nothing changes. The idea is that of
 * Tensor Comprehensions (arXiv 1802.04730).
 * @throws UnsupportedError where this machine cannot run the code; Stopped when aborted.
 */
export async function tune(request: TuneRequest): Promise<Tuned> {
  const bench = await benchOf(request.target);
  if ('absent' in bench) throw new UnsupportedError({ what: `Nothing can be measured: ${bench.absent}`, where: '--tune' });
  const known = request.table.of(bench);
  const search = new Search(request, known);
  const { tilings, kernels, gain, complete } = await search.run();
  const { shapes, tried, seconds } = search;
  const faster = shapes.filter(({ key }) => (kernels.get(key) ?? known.get(key))?.tiling).length;
  return {
    tilings,
    table: kernels.size > 0 ? request.table.with(bench, kernels) : request.table,
    shapes: { all: shapes.length, measured: kernels.size, faster },
    gain,
    tried,
    seconds,
    complete,
  };
}
