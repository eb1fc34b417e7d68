import type { Activity } from '../../base/index.js';

/** Told the validation quality after each epoch of a stage's trainings, in their order; what it throws means that its trial no longer wants the stage. */
export type WatchEpoch = (quality: number) => Promise<void>;

/** Does what makes a stage. @param tell is to be told the quality of each epoch. */
export type Make<Made> = (tell: WatchEpoch, activity: Activity) => Promise<Made>;

/** Ends a making that nobody wants any more; the checkpoint of its training stays. */
class Unwanted extends Error {}

/** A trial that wants the stage. */
interface Member {
  readonly activity: Activity;
  readonly watch: WatchEpoch | undefined;
  readonly leave: (reason: unknown) => void;
  hasLeft: boolean;
  /** Resolves when it was told of every epoch so far. */
  told: Promise<void>;
}

/**
 * A stage while it is made, for every trial that wants it. Each is told of all epochs in order, whenever it joins; who no longer wants the stage leaves, and once all have left the making
 * ends where it is, to be gone on with when another trial needs it.
 */
export class Making<Made> {
  /** Resolves once nothing is done any more. */
  readonly ended: Promise<void>;
  readonly #made: Promise<Made>;
  readonly #epochs: number[] = [];
  readonly #members = new Set<Member>();
  #isUnwanted = false;

  /** @param first the activity of whoever joins first: progress is that of a trial which still wants the stage. */
  constructor(make: Make<Made>, first: Activity) {
    const leader = (): Activity => this.#members.values().next().value?.activity ?? first;
    const activity: Activity = {
      signal: first.signal,
      onProgress: (event) => leader().onProgress?.(event),
      onMessage: (message) => leader().onMessage?.(message),
    };
    this.#made = make((quality) => this.#tellAll(quality), activity);
    this.ended = this.#made.then(
      () => undefined,
      () => undefined,
    );
  }

  /** Whether everybody has left, so that it will not be made. */
  get isUnwanted(): boolean {
    return this.#isUnwanted;
  }

  /** The stage, once it is made and this trial was told of its epochs. @throws what `watch` throws, as soon as it does; what the making throws. */
  join(activity: Activity, watch: WatchEpoch | undefined): Promise<Made> {
    return new Promise((resolve, reject) => {
      const member: Member = { activity, watch, leave: reject, hasLeft: false, told: Promise.resolve() };
      this.#members.add(member);
      for (const quality of this.#epochs) this.#tell(member, quality);
      this.#made.then(
        (made) => member.told.then(() => resolve(made)),
        (error: unknown) => member.told.then(() => reject(error)),
      );
    });
  }

  async #tellAll(quality: number): Promise<void> {
    this.#epochs.push(quality);
    for (const member of this.#members) this.#tell(member, quality);
    await Promise.all([...this.#members].map(({ told }) => told));
    if (this.#members.size > 0) return;
    this.#isUnwanted = true;
    throw new Unwanted('No trial wants this stage any more');
  }

  #tell(member: Member, quality: number): void {
    member.told = member.told.then(async () => {
      if (member.hasLeft) return;
      try {
        await member.watch?.(quality);
      } catch (error) {
        member.hasLeft = true;
        this.#members.delete(member);
        member.leave(error);
      }
    });
  }
}
