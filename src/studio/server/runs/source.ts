import type { LiveRun, Steering } from '../../../strategies/index.js';

/** How a studio looks at runs, and what it tells them. */
export interface RunSource {
  /** A run as it stands. @throws EspalierError where its folder cannot be read. */
  read(folder: string): Promise<LiveRun>;
  /** Follows a run. @throws EspalierError where its folder cannot be read. */
  follow(folder: string): Promise<FollowedRun>;
  /** Tells a run something. */
  steer(folder: string, message: Steering): Promise<void>;
}

/** A run that is followed. */
export interface FollowedRun {
  /** As it stands: another object after every change. */
  readonly run: LiveRun;
  /** Calls back after every change. @returns a function that ends that. */
  subscribe(onChange: () => void): () => void;
  close(): Promise<void>;
}
