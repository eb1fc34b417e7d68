import { mean } from '../../base/index.js';

/** What is known of a search when the time that it will take is asked for. Times in seconds. */
export interface Outlook {
  /** How long each trial took that ended in this run, in the order of their ends. */
  ended: readonly number[];
  /** For how long each trial that runs has run. */
  running: readonly number[];
  /** Trials that have not ended, those that run among them. */
  left: number;
  /** How many run side by side. */
  jobs: number;
  /** What a trial was foreseen to take; counts until one has ended. Default: nothing was. */
  expected?: number;
  /** What is left of the budget. Default: there is none. */
  budget?: number;
  /** Models that are measured once the search is over. */
  chosen: number;
}

/** So many of the latest trials are looked at: the first ones are the cheapest that usually work. */
const LATEST = 30;
/** From each end of the times of these, one in so many counts as its neighbour does: one that found all its stages made, or met a busy machine, says nothing of the others. */
const OUTLIERS = 10;
/** Seconds that a model of the front takes to be measured on the test part, timed, served and checked in every runtime: a guess until the first are. */
const SETTLING = 3;
/** Where a trial runs for longer than any before it, it is taken to go on for this part of its time. */
const OVERDUE = 0.25;
/** Up to so many trials are dealt out one by one. */
const DEALT = 1000;

/**
 * Seconds until the front is written: the trials that are left at the pace of those that ended in this run, so many side by side, as far as the budget goes, and the
 * measuring of the front.
 * @returns undefined where none has ended and nothing was foreseen, so that nothing is known.
 */
export function secondsLeft({
  ended,
  running,
  left,
  jobs,
  expected,
  budget = Number.POSITIVE_INFINITY,
  chosen,
}: Outlook): number | undefined {
  const known = ended.length === 0 && expected !== undefined ? [expected] : ended;
  if (left > 0 && known.length === 0) return undefined;
  const times = withoutOutliers(known.slice(-LATEST));
  const each = times.length === 0 ? 0 : mean(times);
  const begun = running.slice(0, left).map((elapsed) => restOf(elapsed, times));
  return Math.min(makespan(begun, left - begun.length, each, jobs), Math.max(0, budget)) + SETTLING * (chosen + 1);
}

/**
 * Seconds until the last model of the front is measured.
 * @param elapsed seconds since the first one was begun.
 */
export function settlingLeft(elapsed: number, done: number, total: number): number {
  return (total - done) * (done > 0 ? elapsed / done : SETTLING);
}

/** The times, the extremes of many drawn in: a mean of these is the sum that counts, and no single one rules it. */
function withoutOutliers(times: readonly number[]): number[] {
  const sorted = [...times].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length / OUTLIERS);
  const [low, high] = [sorted[cut], sorted[sorted.length - 1 - cut]];
  return sorted.map((time) => Math.min(high, Math.max(low, time)));
}

/** What is to be expected of a trial that has run for so long: the mean of what those that took longer took from there on. */
function restOf(elapsed: number, times: readonly number[]): number {
  const longer = times.filter((time) => time > elapsed);
  if (longer.length === 0) return OVERDUE * elapsed;
  return mean(longer) - elapsed;
}

/** When the last of the trials ends, each begun by whoever is free first. */
function makespan(begun: readonly number[], more: number, each: number, jobs: number): number {
  const free = Array.from({ length: Math.max(jobs, begun.length) }, (_, i) => begun[i] ?? 0);
  const rounds = Math.max(0, Math.floor((more - DEALT) / jobs));
  for (let trial = 0; trial < more - rounds * jobs; trial++) {
    const next = free.indexOf(Math.min(...free));
    free[next] += each;
  }
  return Math.max(...free) + rounds * each;
}
