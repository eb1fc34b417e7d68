import type { LiveTrial } from '../../strategies/index.js';

/** A trial's time with whoever made it. */
export interface LaneSpan {
  readonly trial: LiveTrial;
  /** Milliseconds since 1970. */
  readonly begun: number;
  readonly ended: number;
}

export interface Lane {
  readonly name: string;
  readonly spans: readonly LaneSpan[];
}

/**
 * Who made which trial when. Trials of which nobody says who made them share as few lanes as they can without overlapping.
 * @param now milliseconds since 1970: until when trials last that run.
 */
export function lanesOf(trials: readonly LiveTrial[], now: number): Lane[] {
  const named = new Map<string, LaneSpan[]>();
  const others: LaneSpan[][] = [];
  const timed = trials.flatMap((trial): LaneSpan[] => {
    const { begun, ended, state } = trial;
    if (begun === undefined || (ended === undefined && state !== 'running')) return [];
    return [{ trial, begun, ended: Math.max(begun, ended ?? now) }];
  });
  for (const span of timed.sort((a, b) => a.begun - b.begun)) {
    const { worker } = span.trial;
    const lane = worker === undefined ? others.find((spans) => spans[spans.length - 1].ended <= span.begun) : named.get(worker);
    if (lane) lane.push(span);
    else if (worker === undefined) others.push([span]);
    else named.set(worker, [span]);
  }
  return [
    ...[...named].map(([name, spans]) => ({ name, spans })).sort((a, b) => a.name.localeCompare(b.name)),
    ...others.map((spans, index) => ({ name: `Lane ${index + 1}`, spans })),
  ];
}
