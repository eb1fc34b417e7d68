import { inventedFeeds } from '../../diagnosis/index.js';
import { quantile } from '../../infrastructure/hardware/index.js';
import { type LanguageName, languages, type Program } from '../../infrastructure/targets/index.js';
import type { Answered, Verdict } from '../../infrastructure/targets/node/index.js';
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
  const { compiledAgreement, compiledRunners, referenceAnswers, targetNamed } = await import('../../infrastructure/targets/node/index.js');
  const { model, lowered } = file;
  const { how, schedule } = languages[target];
  const runner = compiledRunners[target];
  output.info('Running it beside the model');
  const program = await runner.open(file);
  if ('absent' in program) return { status: 'not checked', detail: program.absent, how };
  try {
    const shapes = Object.fromEntries(lowered.inputs.map(({ name, shape }) => [name, shape]));
    const bytes = encodeModel(model);
    const answered: Answered[] = [];
    for (const seed of SEEDS) {
      const feeds = inventedFeeds(model, { shapes, seed });
      answered.push({ feeds, expected: await referenceAnswers(bytes, feeds, { floatProducts: true }) });
    }
    const facts = targetNamed(target);
    const verdict = await compiledAgreement(program, { model: bytes, facts, schedule, runner, answered });
    if (verdict.status !== 'agrees') return { ...verdict, how };
    const [{ feeds }] = answered;
    const times = await program.time(feeds, RUNS);
    const reference = await targetNamed('ort-node').measure({ model: bytes, feeds, runs: RUNS, threads: 1 });
    return { ...verdict, how, milliseconds: quantile(times, 0.5), reference: reference && quantile(reference, 0.5) };
  } finally {
    await program.dispose();
  }
}
