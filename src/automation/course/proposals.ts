import type { Random } from '../../base/index.js';
import type { Point } from '../parameters.js';
import { keysOf } from '../samplers/tried.js';
import type { StudySettings } from '../settings.js';
import type { StudyState } from '../state.js';
import type { History } from '../trial.js';
import { likelyViolation } from './likely.js';

/** How often the sampler is asked again, and points are drawn at random, for one that likely keeps constraints that were changed. */
const AGAIN = 8;
const DRAWN = 16;
/** The same where none of these is worth a trial, or there is time for none: to draw costs little beside a trial. */
const DRAWN_TO_TRY = 200;
/** Milliseconds for which more than the usual number are drawn where time is short: to judge one may take a while. */
const LOOKING = 1000;

export interface Proposal {
  readonly point: Point;
  readonly byHand?: true;
}

/**
 * The point of the next trial: one that was put in by hand, one of those that are tried first, or what the sampler says. Undefined where the space is used up, and where there is time for
 * nothing that was found.
 */
export function nextProposal(settings: StudySettings, state: StudyState, history: History, random: Random): Proposal | undefined {
  const { header, space, mayTry, admits } = settings;
  const [byHand] = state.queued;
  if (byHand) return { point: space.check(byHand), byHand: true };
  const isUsual = !mayTry && !admits && !state.isRejudged && state.trials.every((trial) => !trial.byHand) && !isPassedOver(settings, state);
  const point = isUsual
    ? (header.initialPoints[state.trials.length] ?? settings.sampler.ask(space, history, random))
    : likeliest(settings, state, history, random);
  return point && { point: space.check(point) };
}

/** Whether some initial point was passed over, in this run or an earlier one. */
function isPassedOver({ header, space }: StudySettings, { trials }: StudyState): boolean {
  return header.initialPoints.some((point, i) => i < trials.length && space.key(point) !== space.key(trials[i].point));
}

/**
 * Where points were put in by hand, initial points come after them. Where constraints were changed, initial points and the sampler's have to be likely to keep them: the one that is
 * likeliest to is taken, of equals the first. Where initial points were passed over, they come next; what is not worth a trial is passed over, and where time is short, what there is none for.
 */
function likeliest(
  { header, space, sampler, mayTry, admits }: StudySettings,
  state: StudyState,
  history: History,
  random: Random,
): Point | undefined {
  const asked = keysOf(space, { ...history, trials: state.trials });
  const isNew = (point: Point) => !asked.has(space.key(point));
  const initial = header.initialPoints.filter(isNew);
  if (!state.isRejudged && !mayTry && !admits) return initial[0] ?? sampler.ask(space, history, random);
  const pending = state.trials.flatMap((trial) => (trial.state === 'running' ? [trial.point] : []));
  const isTimely = (point: Point) => mayTry?.(point, pending) ?? true;
  const violationOf = state.isRejudged ? likelyViolation(space, history) : () => 0;
  const begun = performance.now();
  let best: Point | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const point of candidates()) {
    if (!(admits?.(point) ?? true) || !isTimely(point)) continue;
    const violation = violationOf(point);
    if (violation < least) [best, least] = [point, violation];
    if (violation === 0) break;
  }
  return best;

  function* candidates(): Generator<Point> {
    yield* initial;
    for (let attempt = 0; attempt <= AGAIN; attempt++) {
      const point = sampler.ask(space, history, attempt === 0 ? random : random.fork(`likely ${attempt}`));
      if (point === undefined) return;
      yield point;
    }
    for (let draw = 0; draw < (best ? DRAWN : DRAWN_TO_TRY); draw++) {
      if (mayTry && draw >= DRAWN && performance.now() > begun + LOOKING) return;
      const point = space.sampleUniform(random.fork(`drawn ${draw}`));
      if (isNew(point)) yield point;
    }
  }
}
