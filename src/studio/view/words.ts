import { formatSeconds, plural } from '../../report/info/index.js';
import type { LiveRun, LiveTrial, RunState } from '../../strategies/index.js';

const STATES: Readonly<Record<RunState, string>> = {
  starting: 'Starting',
  searching: 'Searching',
  paused: 'Paused',
  settling: 'Settling',
  complete: 'Complete',
  stopped: 'Stopped',
  failed: 'Failed',
};

const EXPLAINED: Readonly<Record<RunState, string>> = {
  starting: 'The original is measured or trained first.',
  searching: 'Recipes are tried, one trial after the other.',
  paused: 'No trial is begun until it is resumed; those that run go on.',
  settling: 'The front is measured on the test part.',
  complete: 'Everything is measured and written.',
  stopped: 'Nobody is at work. The same command goes on with it.',
  failed: 'The last process ended with an error.',
};

export function stateName(state: RunState): string {
  return STATES[state];
}

export function stateInWords(state: RunState): string {
  return EXPLAINED[state];
}

/** Whether somebody is at work, and the run can be told something. */
export function isAtWork(state: RunState): boolean {
  return state === 'starting' || state === 'searching' || state === 'paused' || state === 'settling';
}

/** "about 3 min 5 s"; undefined where nobody knows. */
export function timeLeft({ state, secondsLeft }: Pick<LiveRun, 'state' | 'secondsLeft'>): string | undefined {
  if (secondsLeft === undefined || state === 'complete' || state === 'stopped' || state === 'failed') return undefined;
  return `about ${formatSeconds(Math.max(1, Math.round(secondsLeft)))}`;
}

/** "just now", "3 min ago", "2 days ago". @param now milliseconds since 1970. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return `${plural(Math.round(seconds / 86_400), 'day')} ago`;
}

/** "12 of 40 trials". */
export function trialsInWords(ended: number, wanted: number): string {
  return wanted > 0 ? `${ended} of ${plural(wanted, 'trial')}` : plural(ended, 'trial');
}

export function endedTrials(trials: readonly LiveTrial[]): number {
  return trials.reduce((count, { state }) => count + (state === 'running' ? 0 : 1), 0);
}

/** What a trial is called where its recipe has no label yet. */
export function trialLabel({ label, number }: LiveTrial): string {
  return label ?? `Trial ${number}`;
}
