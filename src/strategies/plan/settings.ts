import { type JournalRecord, samplers, stoppers } from '../../automation/index.js';
import { OptionError } from '../../base/index.js';
import { checkRequestCounts, type HardwareModel } from '../../infrastructure/hardware/index.js';
import type { LanguageName } from '../../infrastructure/targets/index.js';
import { checkLimits } from '../criteria/limits.js';
import type { Limits, ObjectiveName } from '../results/info.js';

/** Recipes that are proposed at a time, unless said otherwise. */
export const WAVE = 4;

export interface OptimizeOptions {
  /** How many recipes are tried. Default 12. */
  trials?: number;
  /**
   * Milliseconds after which the search ends: no trial is begun, and those that run are cut off where they are, to be gone on with by another
   * run. Measuring and writing the front comes after that. Default: no limit.
   */
  budgetMs?: number;
  /** Epochs of one full training. Default: so many that a training has about 2,000 steps, from 2 to 40. */
  epochs?: number;
  /** Recipes tried side by side, each with its own threads. Default 1. */
  jobs?: number;
  /** Threads of each. Results are the same bytes only for the same number. Default 1. */
  threads?: number;
  /** Draws recipes, weights and batches. Default 0. */
  seed?: number;
  limits?: Limits;
  /** Names of the architectures that grow-improve-shrink looks at, the likeliest first. Default: all that fit, the original's own first. */
  families?: readonly string[];
  /** What the front trades quality for. Default bytes and macs, and whatever is limited. Latency is noisy: a front with it is not reproducible. */
  objectives?: readonly ObjectiveName[];
  /** Hardware that latency is estimated for instead of being measured here; what quality is traded for is then bytes and latency, unless said otherwise. */
  hardware?: HardwareModel;
  /**
   * Name of the device that latency is measured on, where the host has it measured elsewhere: noted with the run. Quality is then traded for bytes and latency, unless said otherwise,
   * and for latency in any case.
   */
  device?: string;
  /** Recipes that are proposed at a time, from the results of those before. Default 4. A run keeps it. */
  wave?: number;
  /** What proposes recipes; a name of `samplers`. Default 'tpe'. */
  sampler?: string;
  /** What gives up trials that are worse than others by the same epoch; a name of `stoppers`. Default 'none'. A run keeps it. */
  stopper?: string;
  /**
   * The journal of an earlier run, with which the search begins: its best recipes that this search has are tried first, up to half of the trials; and where model, data, settings (but for the
   * seed and limits) and objectives are the same, and no latency is measured, what its recipes came to is learned from. Default: none.
   */
  warmStart?: readonly JournalRecord[];
  /**
   * Requests at a time with which the baseline and the models of the front are served, after the search; none: they are not. Default: 1, 2, 4, … up to all
   * cores, a quarter of a second for each, or with `hardware` batches of 1 to 16 where the model takes them.
   */
  serving?: readonly number[];
  /** Watts of what serves while it does, and the price of an hour of it in any currency: energy and cost of a million inferences follow. */
  watts?: number;
  pricePerHour?: number;
  /** What models of the front are compiled to; limits of RAM and flash are of that. Default: nothing, or C where one of these is limited. */
  target?: LanguageName;
}

/** Options that stay open where nobody gives them. */
type Optional = 'objectives' | 'families' | 'hardware' | 'device' | 'target' | 'serving' | 'watts' | 'pricePerHour' | 'warmStart';

/** The options with their defaults. */
export interface Settings extends Required<Omit<OptimizeOptions, Optional>>, Pick<OptimizeOptions, Optional> {
  /** Samples that are trained on: all of the training part, but where a budget has it that fewer are. */
  samples: number;
}

/** @param samples of the training part. @throws OptionError for options that cannot be used. */
export function settingsOf(options: OptimizeOptions, samples: number): Settings {
  const {
    trials = 12,
    budgetMs = Number.POSITIVE_INFINITY,
    epochs = defaultEpochs(samples),
    jobs = 1,
    threads = 1,
    seed = 0,
    limits = {},
    hardware,
    device,
    sampler = 'tpe',
    stopper = 'none',
    wave = WAVE,
    objectives = hardware || device !== undefined ? (['bytes', 'latency'] as const) : undefined,
    families,
    target = limits.maxRam !== undefined || limits.maxFlash !== undefined ? 'c' : undefined,
  } = options;
  for (const [where, value] of Object.entries({ trials, epochs, jobs, threads, wave })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new OptionError({ what: 'Not a usable value', where, expected: 'a whole number, at least 1', got: String(value) });
  }
  if (!(budgetMs > 0))
    throw new OptionError({ what: 'Not a usable budget', where: 'budgetMs', expected: 'above 0', got: String(budgetMs) });
  checkLimits(limits);
  for (const [where, table, got] of [['sampler', samplers, sampler] as const, ['stopper', stoppers, stopper] as const]) {
    if (!Object.hasOwn(table, got))
      throw new OptionError({ what: `Unknown ${where}`, where, expected: `one of ${Object.keys(table).join(', ')}`, got });
  }
  const { serving, watts, pricePerHour, warmStart } = options;
  checkRequestCounts(serving ?? []);
  for (const [where, value] of Object.entries({ watts, pricePerHour })) {
    if (value !== undefined && !(value > 0 && Number.isFinite(value)))
      throw new OptionError({ what: 'Not a usable value', where, expected: 'a number above 0', got: String(value) });
  }
  if (pricePerHour !== undefined && serving?.length === 0)
    throw new OptionError({
      what: 'A price is for models that are served, and none is',
      where: 'pricePerHour',
      fix: 'Leave it out, or say how many requests they are served with.',
    });
  if (hardware && device !== undefined)
    throw new OptionError({
      what: 'Latency is either measured on a device or estimated for hardware',
      where: 'device',
      fix: 'Leave one of the two out.',
    });
  if (stopper !== 'none' && device !== undefined)
    throw new OptionError({
      what: 'A device times models that are finished, and a stopper has to know their latency before they are trained',
      where: 'stopper',
      fix: 'Leave one of the two out.',
    });
  if (families?.length === 0)
    throw new OptionError({ what: 'There is no architecture to look at', where: 'families', expected: 'at least one name' });
  return {
    trials,
    budgetMs,
    epochs,
    samples,
    jobs,
    threads,
    seed,
    wave,
    limits,
    objectives: device !== undefined && objectives ? [...new Set([...objectives, 'latency' as const])] : objectives,
    families,
    hardware,
    device,
    sampler,
    stopper,
    target,
    serving,
    watts,
    pricePerHour,
    warmStart,
  };
}

/** About 2,000 steps of 128 samples, from 2 to 40 epochs. */
function defaultEpochs(samples: number): number {
  return Math.min(40, Math.max(2, Math.round((2000 * 128) / samples)));
}
