import { inventedFeeds } from '../../diagnosis/index.js';
import { quantile } from '../../infrastructure/hardware/index.js';
import type { Verdict } from '../../infrastructure/targets/node/index.js';
import { encodeModel } from '../../onnx/index.js';
import type { CommandContext } from '../context.js';
import { languages } from './languages.js';
import type { LoweredFile } from './lower.js';

/** How what was made does beside the model. */
export interface Checked extends Verdict {
  /** How it was run: "compiled by cc -std=c99 -O3 and run here". */
  readonly how: string;
  /** Median milliseconds of a run, and of ONNX Runtime with one thread. */
  readonly milliseconds?: number;
  readonly reference?: number;
}

/** Inputs with which it is run. */
const SEEDS = [1, 2, 3];
/** Timed runs. */
const RUNS = 30;

/** Runs what was made on made-up inputs and compares its outputs with those of ONNX Runtime. */
export async function checkCompiled({ output }: CommandContext, target: keyof typeof languages, file: LoweredFile): Promise<Checked> {
  const { referenceAnswers, targetNamed } = await import('../../infrastructure/targets/node/index.js');
  const { model, lowered } = file;
  const shapes = Object.fromEntries(lowered.inputs.map(({ name, shape }) => [name, shape]));
  const bytes = encodeModel(model);
  const { check, measure } = targetNamed(target);
  const { how } = languages[target];
  let worst: Verdict = { status: 'agrees', difference: 0 };
  output.info('Running it beside the model');
  for (const seed of SEEDS) {
    const feeds = inventedFeeds(model, { shapes, seed });
    const verdict = await check({ model: bytes, feeds, expected: await referenceAnswers(bytes, feeds) });
    if (verdict.status !== 'agrees') return { ...verdict, how };
    if ((verdict.difference ?? 0) > (worst.difference ?? 0)) worst = verdict;
  }
  const feeds = inventedFeeds(model, { shapes, seed: SEEDS[0] });
  const times = await measure({ model: bytes, feeds, runs: RUNS });
  const reference = await targetNamed('ort-node').measure({ model: bytes, feeds, runs: RUNS, threads: 1 });
  return { ...worst, how, ...(times && reference && { milliseconds: quantile(times, 0.5), reference: quantile(reference, 0.5) }) };
}
