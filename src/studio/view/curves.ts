import type { LiveTrial } from '../../strategies/index.js';

/** How many trials' curves are told apart in one picture. */
const MOST = 24;

/** The trials whose curves are drawn: those that run, then the latest, by number. */
export function curvesOf(trials: readonly LiveTrial[]): LiveTrial[] {
  const trained = trials.filter(({ curve }) => curve.length > 0);
  const running = trained.filter(({ state }) => state === 'running');
  const ended = trained.filter(({ state }) => state !== 'running').slice(-Math.max(1, MOST - running.length));
  return [...ended, ...running.slice(-MOST)].slice(-MOST).sort((a, b) => a.number - b.number);
}
