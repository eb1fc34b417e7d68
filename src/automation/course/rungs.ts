import type { StudySettings } from '../settings.js';
import type { History, TrialRecord } from '../trial.js';

/** What a stopper is told of the trials about it. */
export interface Peers {
  /** The trials of the wave under way. */
  wave(): readonly TrialRecord[];
  /** Those of earlier waves, and of this one only what is given. */
  history(wave: readonly TrialRecord[]): History;
  /** Whether nobody waits for others any more. */
  isOver(): boolean;
  /** Whether a trial is handed out, and gave a sign of life in time. */
  isOut(number: number): boolean;
  change(): Promise<void>;
}

/** Where trials wait for those of their wave, to be compared with them. */
export class Rungs {
  readonly #stopper: StudySettings['stopper'];
  readonly #peers: Peers;
  /** The last rung at which each trial was judged. */
  readonly #judged = new Map<number, number>();

  constructor({ stopper }: Pick<StudySettings, 'stopper'>, peers: Peers) {
    this.#stopper = stopper;
    this.#peers = peers;
  }

  /** A trial begins. */
  begin(number: number): void {
    this.#judged.delete(number);
  }

  /**
   * Whether the stopper gives a trial up by its last report: at a rung once every trial of the wave has got there.
   * @param during what is to be done while others are waited for. @param cutOff throws where some of them never will.
   */
  async shouldStop(trial: () => TrialRecord, during: (wait: Promise<void>) => Promise<void>, cutOff: () => void): Promise<boolean> {
    const { number, reports } = trial();
    const last = reports.at(-1);
    if (!this.#stopper || !last) return false;
    if (!this.#stopper.rungAt) return this.#stopper.shouldStop(trial(), last.step, last.value, this.#peers.history([]));
    const rung = this.#stopper.rungAt(trial(), last.step);
    if (rung === undefined || rung <= (this.#judged.get(number) ?? Number.NEGATIVE_INFINITY)) return false;
    this.#judged.set(number, rung);
    if (!this.#isPast(rung)) await during(this.#everyoneAt(rung));
    cutOff();
    const peers = this.#peers.wave().filter((peer) => peer.number !== number);
    const history = this.#peers.history(peers.map((peer) => ({ ...unseen(peer), reports: upTo(rung, peer) })));
    return this.#stopper.shouldStop(trial(), last.step, last.value, history);
  }

  async #everyoneAt(rung: number): Promise<void> {
    while (!this.#isPast(rung)) await this.#peers.change();
  }

  /** Whether every trial of the wave has reached a rung or ended. */
  #isPast(rung: number): boolean {
    if (this.#peers.isOver()) return true;
    return this.#peers
      .wave()
      .every(
        ({ number, state, reports }) =>
          state !== 'running' || (this.#peers.isOut(number) && (reports.at(-1)?.step ?? Number.NEGATIVE_INFINITY) >= rung),
      );
  }
}

/** A trial as it was proposed. */
export function unseen({ number, point, seed }: TrialRecord): TrialRecord {
  return { number, point, seed, state: 'running', reports: [], attributes: {} };
}

/** A trial's reports as far as the first at the rung or after it. */
function upTo(rung: number, { reports }: TrialRecord): TrialRecord['reports'] {
  const at = reports.findIndex(({ step }) => step >= rung);
  return at < 0 ? reports : reports.slice(0, at + 1);
}
