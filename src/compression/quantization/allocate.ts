/** What one way to store a layer costs, in bytes of the file or in time, and how much the model loses by it alone. */
export interface Choice {
  /** Not negative. */
  readonly cost: number;
  readonly loss: number;
}

/** One choice for each layer. */
export interface Allocation extends Choice {
  /** Indices into the layers' choices. */
  readonly picks: readonly number[];
}

export interface Allocations {
  /** By cost upwards and loss downwards: nothing that costs as little loses less. */
  readonly front: readonly Allocation[];
  /** Whether that is proved; else close choices were taken for one on the way. */
  readonly exact: boolean;
}

/** More states than these are thinned out. */
const MOST_STATES = 50_000;

interface State extends Choice {
  readonly pick: number;
  readonly before?: State;
}

/**
 * The best choices for every budget at once, where losses add up: the multiple-choice knapsack, by dynamic programming over the states that nothing
 * dominates (Nemhauser and Ullmann 1969, "Discrete dynamic programming and capital allocation", Management Science 15).
 */
export function allocations(layers: readonly (readonly Choice[])[], mostStates = MOST_STATES): Allocations {
  let states: readonly State[] = [{ cost: 0, loss: 0, pick: -1 }];
  let exact = true;
  for (const choices of layers) {
    const next = undominated(choices.flatMap((choice, pick) => states.map((before) => extended(before, choice, pick))));
    exact &&= next.length <= mostStates;
    states = next.length <= mostStates ? next : thinned(next, mostStates);
  }
  const picksOf = (state: State): number[] => {
    const picks: number[] = [];
    for (let each: State | undefined = state; each?.before; each = each.before) picks.push(each.pick);
    return picks.reverse();
  };
  const made = new Map<State, readonly number[]>();
  const front = states.map((state) => ({
    cost: state.cost,
    loss: state.loss,
    // Paths are long and most are never asked for.
    get picks() {
      const picks = made.get(state) ?? picksOf(state);
      made.set(state, picks);
      return picks;
    },
  }));
  return { front, exact };
}

function extended(before: State, { cost, loss }: Choice, pick: number): State {
  return { cost: before.cost + cost, loss: before.loss + loss, pick, before };
}

function undominated(states: State[]): State[] {
  states.sort((a, b) => a.cost - b.cost || a.loss - b.loss);
  let least = Number.POSITIVE_INFINITY;
  return states.filter(({ loss }) => {
    const better = loss < least;
    if (better) least = loss;
    return better;
  });
}

/** Of neighbours in equal steps of cost, the one that loses least; both ends stay. */
function thinned(states: readonly State[], most: number): State[] {
  const [low, high] = [states[0].cost, states[states.length - 1].cost];
  const step = (high - low) / (most - 2);
  const stepOf = (state: State) => Math.floor((state.cost - low) / step);
  return states.filter((state, i) => i === 0 || i === states.length - 1 || stepOf(state) !== stepOf(states[i + 1]));
}
