/** A message that somebody left for a run. */
export interface Posted {
  /** What errors call it. */
  readonly name: string;
  /** When it was left, in milliseconds since 1970. */
  readonly at: number;
  /** What it holds; not checked. */
  readonly content: unknown;
  /** Takes it out of the inbox. */
  remove(): Promise<void>;
}

/** Where messages to a run are left. */
export interface Inbox {
  /**
   * Gives each message, those that are there first, one after the other in the order in which they were left: the next once `take` is done with one and has removed it.
   * @returns what ends that; it resolves when nothing is being taken any more.
   */
  open(take: (message: Posted) => Promise<void>): () => Promise<void>;
}
