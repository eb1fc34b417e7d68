import { lookup } from '../../base/index.js';
import { inventedFeeds, type Proof, QUIET } from '../../diagnosis/index.js';
import type { Model } from '../../onnx/index.js';
import { exposed, FOLLOWS, fidelity, fidelityOutputs, type Trials, withDeciders } from '../../training/index.js';

/** How many there are: fewer runs were compared where all inputs would be the same, or where they took long, which is no reason to choose otherwise. */
const MOST_RUNS = 8;
const LEAST_RUNS = 3;

/**
 * The made-up inputs on which some output of a new model did not follow the original's closely, for the search of a better one; undefined where all did. Outputs that
 * say nothing on them do not count, and none is to follow more closely than the original does itself where its inputs change by a hundredth. Of a model that only
 * gives answers, some of which changed, what decides them is to follow.
 */
export function trialsWhereNoisy(original: Model, proof: Proof): Trials | undefined {
  const { inputs, runs, outputs, own, invented } = proof;
  if (inputs !== 'made-up') return undefined;
  const common: Pick<Trials, 'kind' | 'feeds'> = {
    kind: 'made-up input',
    feeds: async function* () {
      const count = runs < LEAST_RUNS ? runs : MOST_RUNS;
      for (let seed = 1; seed <= count; seed++) yield inventedFeeds(original, { ...invented, seed });
    },
  };
  if (outputs.every(({ sqnr }) => sqnr === undefined))
    return outputs.some(({ same = 1 }) => same < 1) ? byDeciders(original, common) : undefined;
  const wanted = new Map(
    outputs.flatMap(({ output, sqnr }) =>
      sqnr === undefined ? [] : [[output, Math.min(FOLLOWS, lookup(own ?? {}, output) ?? FOLLOWS)] as const],
    ),
  );
  if (!outputs.some(({ output, sqnr, isQuiet }) => !isQuiet && (sqnr ?? FOLLOWS) < (wanted.get(output) ?? Number.NEGATIVE_INFINITY)))
    return undefined;
  const goal = fidelity({ reference: original, ...fidelityOutputs(original) });
  return { ...common, wanted, quiet: QUIET, expose: (model) => exposed(model, goal) };
}

function byDeciders(original: Model, common: Pick<Trials, 'kind' | 'feeds'>): Trials | undefined {
  const { outputs } = withDeciders(original);
  if (outputs.length === 0) return undefined;
  return { ...common, wanted: new Map(outputs.map((name) => [name, FOLLOWS])), expose: (model) => withDeciders(model).model };
}
