import { z } from 'zod';
import {
  asJson,
  type JournalRecord,
  type Json,
  type Point,
  type PriorTrial,
  readStudy,
  remember,
  SearchSpace,
  type SpaceDefinition,
  type Storage,
  type TrialRecord,
  totalViolation,
} from '../../automation/index.js';
import { EspalierError, OptionError } from '../../base/index.js';
import { fronts } from '../../pareto/index.js';
import type { Baseline } from '../baseline/baseline.js';
import { LIVE_RECORD, parseRunRecord } from '../live/record.js';
import { otherThan } from '../plan/claim.js';
import type { Limits } from '../results/info.js';
import { violationsOf } from './trial.js';

/** What a search begins with of an earlier run. */
export interface WarmStart {
  /** The best of its points that this space has, the best first: tried before anything else. */
  readonly points: readonly Point[];
  /** What its trials came to, where they would come to the same here. */
  readonly prior: readonly PriorTrial[];
}

/** What is warm-started. */
export interface WarmStartNeeds {
  space: SpaceDefinition;
  storage: Storage;
  /** How many recipes are tried. */
  trials: number;
  baseline: Baseline;
  limits: Limits;
  /** Whether latency is measured, so that it is this machine's. */
  isTimed: boolean;
  /** Whether the sampler learns from trials. */
  learns: boolean;
  say: (text: string) => void;
}

const point = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));
const kept = z.object({
  points: z.array(point),
  prior: z.array(z.object({ point, values: z.array(z.number()), violations: z.array(z.number()).optional() })),
});

const STEP = 'warm start';

/**
 * What a search begins with, of an earlier run's journal. This run's journal keeps it: one that goes on has it whatever is given then, and one that was begun without stays so.
 * @throws OptionError where the earlier journal has no trials.
 */
export async function warmStart(earlier: readonly JournalRecord[] | undefined, needs: WarmStartNeeds): Promise<WarmStart> {
  const records = needs.storage.records();
  const isKept = records.some(({ kind, data }) => kind === 'step' && (data as { name?: Json }).name === STEP);
  const isBegun = records.some(({ kind }) => kind === 'study');
  if (isKept || (earlier && !isBegun))
    return kept.parse(await remember(needs.storage, STEP, () => asJson(learnedFrom(earlier ?? [], needs), STEP)));
  if (earlier) needs.say('This run was begun without an earlier one, and goes on so.');
  return { points: [], prior: [] };
}

function learnedFrom(earlier: readonly JournalRecord[], needs: WarmStartNeeds): WarmStart {
  const { trials, directions } = studyIn(earlier);
  const space = new SearchSpace(needs.space);
  const ended = trials.filter(({ state }) => state === 'completed');
  const fitting = new Map(ended.flatMap((trial) => fittingIn(space, trial) ?? []));
  const feasible = [...fitting.keys()].filter((trial) => totalViolation(trial) === 0);
  const ranked = fronts(feasible, ({ values }) => values as readonly number[], directions).flat();
  const points = new Map(ranked.map((trial) => fitting.get(trial) as Point).map((each) => [space.key(each), each]));
  const first = [...points.values()].slice(0, Math.ceil(needs.trials / 2));
  const { prior, why } = priorOf(earlier, [...fitting], needs);
  const left = ended.length - fitting.size;
  const texts = [
    `Tried first: ${first.length} of the ${ended.length} recipes of an earlier run`,
    ...(left > 0 ? [`left out because they do not fit this search: ${left}`] : []),
    why === undefined ? `scores that are learned from: ${prior.length}` : `its scores do not count here: ${why}`,
  ];
  needs.say(`${texts.join('; ')}.`);
  return { points: first, prior };
}

/** @throws OptionError where there are no trials that ended well. */
function studyIn(earlier: readonly JournalRecord[]) {
  const study = earlier.some(({ kind }) => kind === 'study') ? readStudy(earlier) : undefined;
  if (study?.trials.some(({ state }) => state === 'completed')) return study;
  throw new OptionError({
    what: 'There is no finished trial to begin with',
    where: 'warmStart',
    fix: 'Give a run that has tried something, or none.',
  });
}

/** A trial with its point as this space has it: parameters that it does not know are left out; undefined where the others are no point of it. */
function fittingIn(space: SearchSpace, trial: TrialRecord): [[TrialRecord, Point]] | undefined {
  const known = new Set(space.names);
  try {
    return [[trial, space.check(Object.fromEntries(Object.entries(trial.point).filter(([name]) => known.has(name))))]];
  } catch (error) {
    if (error instanceof EspalierError) return undefined;
    throw error;
  }
}

/** What trials came to, where they would come to the same here; else why they would not. */
function priorOf(
  earlier: readonly JournalRecord[],
  fitting: readonly (readonly [TrialRecord, Point])[],
  { storage, baseline, limits, isTimed, learns }: WarmStartNeeds,
): { prior: PriorTrial[]; why?: string } {
  if (!learns) return { prior: [], why: 'this sampler learns from none' };
  const other = otherThan(storage.records(), earlier);
  if (other !== undefined) return { prior: [], why: `it is of other ${other}` };
  const { objectives } = baseline.criteria;
  const record = earlier.findLast(({ kind }) => kind === LIVE_RECORD);
  const before = record && parseRunRecord(record.data)?.objectives;
  if (before?.join() !== objectives.join()) return { prior: [], why: 'it is of other objectives' };
  if (isTimed) return { prior: [], why: 'its latencies were measured another time' };
  const whole = fitting.filter(([trial, own]) => Object.keys(trial.point).length === Object.keys(own).length);
  return {
    prior: whole.map(([trial, own]) => {
      const violations = violationsOf(trial, limits, baseline);
      return { point: own, values: trial.values as readonly number[], ...(violations && { violations }) };
    }),
  };
}
