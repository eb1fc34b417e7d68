import type { EpochEvent, RunEvent } from '../results/event.js';
import { MESSAGES } from './messages.js';

/** Which of a run's events still say something: those that later ones make out of date are left out. In their order. */
export function stillTold(events: readonly RunEvent[]): RunEvent[] {
  const kept = new Set<RunEvent>();
  const latest = new Map<string, RunEvent>();
  const messages: RunEvent[] = [];
  const epochs: EpochEvent[] = [];
  const ended = new Set<number>();
  for (const event of events) {
    switch (event.kind) {
      case 'message':
        messages.push(event);
        break;
      case 'epoch':
        epochs.push(event);
        break;
      case 'state':
        latest.set('state', event);
        // How a process began says how it works.
        if (event.state === 'starting') latest.set('starting', event);
        break;
      case 'progress':
      case 'idle':
        latest.set(`progress ${event.worker}`, event);
        break;
      case 'trial':
        latest.set(`trial ${event.number}`, event);
        if (event.state !== undefined) ended.add(event.number);
    }
  }
  for (const event of latest.values()) kept.add(event);
  for (const event of messages.slice(-MESSAGES)) kept.add(event);
  // The journal has the trainings of what has ended.
  for (const event of epochs) if (event.trial === undefined || !ended.has(event.trial)) kept.add(event);
  return events.filter((event) => kept.has(event));
}

/**
 * The events that still say something as lines, without those of the oldest trials where they take more than so many characters.
 * @param most characters.
 */
export function compacted(events: readonly RunEvent[], most: number): string {
  const lines = stillTold(events).map((event) => ({ event, text: `${JSON.stringify(event)}\n` }));
  let length = lines.reduce((sum, { text }) => sum + text.length, 0);
  const kept = lines.filter(({ event, text }) => {
    if (length <= most || !isDispensable(event)) return true;
    length -= text.length;
    return false;
  });
  return kept.map(({ text }) => text).join('');
}

function isDispensable(event: RunEvent): boolean {
  return event.kind === 'epoch' || (event.kind === 'trial' && event.ended !== undefined);
}
