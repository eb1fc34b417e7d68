import { type Activity, EspalierError } from '../base/index.js';
import { makeFeeds } from '../infrastructure/hardware/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import type { Model, Tensor } from '../onnx/index.js';
import { exposed, fidelity, fidelityOutputs, judge, type Quality } from '../training/index.js';

/** Inputs that are made up: few, since they say little. */
const RUNS = 8;

export interface MadeUpRequest extends Pick<Activity, 'signal'> {
  before: Model;
  after: Model;
  runtime: Runtime;
  threads?: number;
}

/**
 * How closely a model follows the one that it was made of on made-up inputs, where there is no data: random numbers are not what it was trained on, so
 * that this shows a model that is broken, and not how good one is.
 * @returns the quality, or why it could not be measured, as a sentence.
 */
export async function fidelityOnMadeUpInputs({ before, after, runtime, threads, signal }: MadeUpRequest): Promise<Quality | string> {
  const programs = [];
  try {
    const goal = fidelity({ reference: before, ...fidelityOutputs(before) });
    const collector = goal.collect();
    for (const model of [before, after]) programs.push(await runtime.compile(exposed(model, goal), { threads, signal }));
    for (let seed = 1; seed <= (isVaried(before) ? RUNS : 1); seed++) {
      const [wanted, got] = [
        await programs[0].run(makeFeeds(before, { seed }), goal.outputs),
        await programs[1].run(makeFeeds(before, { seed }), goal.outputs),
      ];
      const size = wanted[goal.outputs[0]].shape[0] ?? 1;
      collector.add({ size, indices: new Int32Array(size), inputs: {} }, got, wanted);
    }
    return judge({ ...goal, name: 'made-up inputs' }, collector.answers());
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return `It could not be run on made-up inputs: ${error.message}`;
  } finally {
    for (const program of programs) await program.dispose();
  }
}

/** Whether other made-up inputs are others: integers that are not known to be indices are all 1. */
function isVaried(model: Model): boolean {
  const [one, other] = [1, 2].map((seed) => makeFeeds(model, { seed }));
  return Object.keys(one).some((name) => !isSame(one[name], other[name]));
}

function isSame(a: Tensor, b: Tensor): boolean {
  if (a.dtype === 'string') return true;
  const [own, other] = [a.bytes(), b.bytes()];
  return own.every((byte, i) => byte === other[i]);
}
