import { inventedFeeds, type Proof, QUIET } from '../../diagnosis/index.js';
import type { Model } from '../../onnx/index.js';
import { exposed, FOLLOWS, fidelity, fidelityOutputs, type Trials } from '../../training/index.js';

/** How many there are: fewer runs were compared where all inputs would be the same, or where they took long, which is no reason to choose otherwise. */
const MOST_RUNS = 8;
const LEAST_RUNS = 3;

/**
 * The made-up inputs on which some output of a new model did not follow the original's closely, for the search of a better one; undefined where all did. Outputs that
 * say nothing on them do not count, and none is to follow more closely than the original does itself where its inputs change by a hundredth.
 */
export function trialsWhereNoisy(original: Model, { inputs, runs, outputs, own, invented }: Proof): Trials | undefined {
  if (inputs !== 'made-up') return undefined;
  const wanted = new Map(
    outputs.flatMap(({ output, sqnr }) => (sqnr === undefined ? [] : [[output, Math.min(FOLLOWS, own?.[output] ?? FOLLOWS)] as const])),
  );
  if (!outputs.some(({ output, sqnr, isQuiet }) => !isQuiet && (sqnr ?? FOLLOWS) < (wanted.get(output) ?? Number.NEGATIVE_INFINITY)))
    return undefined;
  const count = runs < LEAST_RUNS ? runs : MOST_RUNS;
  const goal = fidelity({ reference: original, ...fidelityOutputs(original) });
  return {
    kind: 'made-up input',
    wanted,
    quiet: QUIET,
    expose: (model) => exposed(model, goal),
    feeds: async function* () {
      for (let seed = 1; seed <= count; seed++) yield inventedFeeds(original, { ...invented, seed });
    },
  };
}
