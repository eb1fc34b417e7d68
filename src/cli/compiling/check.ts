import { inventedFeeds } from '../../diagnosis/index.js';
import { quantile } from '../../infrastructure/hardware/index.js';
import type { Program } from '../../infrastructure/targets/index.js';
import { agreementOf, type LanguageName, languages } from '../../infrastructure/targets/index.js';
import type { Verdict } from '../../infrastructure/targets/node/index.js';
import { encodeModel } from '../../onnx/index.js';
import type { CommandContext } from '../context.js';
import type { LoweredFile } from './lower.js';

/** How what was made does beside the model. */
export interface Checked extends Verdict {
  /** How it was run: "run in Node". */
  readonly how: string;
  /** Median milliseconds of a run, and of ONNX Runtime with one thread. */
  readonly milliseconds?: number;
  readonly reference?: number;
}

/** Inputs with which it is run. */
const SEEDS = [1, 2, 3];
/** Timed runs. */
const RUNS = 30;

/**
 * Runs a program on made-up inputs and compares its outputs with those of ONNX Runtime.
 * @throws RuntimeError where it is not taken by its compiler, or does not run.
 */
export async function checkCompiled({ output }: CommandContext, target: LanguageName, file: LoweredFile & Program): Promise<Checked> {
  const { compiledRunners, referenceAnswers, targetNamed, toleranceOf } = await import('../../infrastructure/targets/node/index.js');
  const { model, lowered } = file;
  const { how } = languages[target];
  output.info('Running it beside the model');
  const program = await compiledRunners[target].open(file);
  if ('absent' in program) return { status: 'not checked', detail: program.absent, how };
  try {
    const shapes = Object.fromEntries(lowered.inputs.map(({ name, shape }) => [name, shape]));
    const feedsOf = (seed: number) => inventedFeeds(model, { shapes, seed });
    const bytes = encodeModel(model);
    const tolerance = toleranceOf(model, targetNamed(target));
    let worst: Verdict = { status: 'agrees', difference: 0 };
    for (const feeds of SEEDS.map(feedsOf)) {
      const expected = await referenceAnswers(bytes, feeds);
      const verdict = agreementOf(expected, await program.run(feeds), tolerance);
      if (verdict.status !== 'agrees') return { ...verdict, how };
      if ((verdict.difference ?? 0) > (worst.difference ?? 0)) worst = verdict;
    }
    const feeds = feedsOf(SEEDS[0]);
    const times = await program.time(feeds, RUNS);
    const reference = await targetNamed('ort-node').measure({ model: bytes, feeds, runs: RUNS, threads: 1 });
    return { ...worst, how, milliseconds: quantile(times, 0.5), reference: reference && quantile(reference, 0.5) };
  } finally {
    await program.dispose();
  }
}
