import { setImmediate } from 'node:timers/promises';
import { Stopped } from '../../../base/index.js';
import { quantile } from '../../hardware/index.js';

/** Milliseconds that a program runs in its turn, about, and the runs that this is at least and at most. Short turns, and many: what disturbs one disturbs its neighbour. */
const TURN = 10;
const FEWEST = 3;
const MOST = 1000;

/** Runs of a turn. @param milliseconds of one run. */
export function runsOfTurn(milliseconds: number): number {
  return Math.round(Math.min(MOST, Math.max(FEWEST, TURN / milliseconds)));
}

/**
 * Lets programs take turns, in an order that is reversed every round, so that a drift of the machine hits all alike and only times of one round are
 * divided by each other.
 * @param turn times of what is measured (kernels, or the whole) in one turn: of each the median over the runs.
 * @returns by program and what is measured: the time in each round over that of the first program, and the median time.
 */
export async function takeTurns(
  programs: number,
  turn: (program: number) => Promise<readonly number[]>,
  { rounds, signal, onRound }: { rounds: number; signal?: AbortSignal; onRound: () => void },
): Promise<readonly (readonly Turns[])[]> {
  const times: (readonly number[])[][] = Array.from({ length: programs }, () => []);
  for (let round = 0; round < rounds; round++) {
    const order = times.map((_, program) => program);
    for (const program of round % 2 === 0 ? order : order.reverse()) {
      if (signal?.aborted) throw new Stopped('Stopped by the caller', { cause: signal.reason });
      times[program].push(await turn(program));
      // Programs that run in this thread leave no room for signals otherwise.
      await setImmediate();
    }
    onRound();
  }
  const [first] = times;
  return times.map((own) =>
    first[0].map((_, item) => ({
      ratios: own.map((each, round) => each[item] / Math.max(first[round][item], 1e-9)),
      time: quantile(
        own.map((each) => each[item]),
        0.5,
      ),
    })),
  );
}

export interface Turns {
  readonly ratios: readonly number[];
  readonly time: number;
}
