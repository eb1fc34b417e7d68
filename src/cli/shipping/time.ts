import type { Feeds } from '../../diagnosis/index.js';
import { compareLatency, withinSeconds } from '../../infrastructure/hardware/node/index.js';
import type { ModelSource, Runtime } from '../../infrastructure/runtime/index.js';

/** Time before and after, from one measurement in which the models take turns. Plain JSON. */
export interface PairedTime {
  /** Median milliseconds of a run. */
  before: number;
  after: number;
  /** Median over the turns of the new model's time divided by the original's in the same turn, and the 95% interval of that. */
  ratio: number;
  interval: readonly [number, number];
  /** What the interval allows to say. */
  verdict: 'faster' | 'slower' | 'as fast';
  threads: number;
  /** Turns that each took. */
  runs: number;
}

export interface TimeRequest {
  before: { source: ModelSource; feeds: Feeds };
  after: { source: ModelSource; feeds: Feeds };
  runtime: Runtime;
  /** The same for both. Default 1: what other threads do to a time differs from machine to machine. */
  threads?: number;
  signal?: AbortSignal;
}

/** Seconds that usual models are timed, and that slow ones may take. */
const SECONDS = 1;
const MOST_SECONDS = 2.5;

/** @throws RuntimeError where one of the models does not run; Stopped when aborted. */
export async function pairedTime({ before, after, runtime, threads = 1, signal }: TimeRequest): Promise<PairedTime> {
  const [first, second] = await compareLatency(runtime, [before.source, after.source], {
    feedsOfEach: [before.feeds, after.feeds],
    threads,
    signal,
    ...withinSeconds(SECONDS, MOST_SECONDS),
  });
  const { low, high } = second.interval;
  const verdict = high < 1 ? 'faster' : low > 1 ? 'slower' : 'as fast';
  return { before: first.p50, after: second.p50, ratio: second.ratio, interval: [low, high], verdict, threads, runs: second.runs };
}
