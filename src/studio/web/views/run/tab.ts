import type { LiveRun, RunInfo } from '../../../../strategies/index.js';

/** What each part of a run's page is given. */
export interface TabProps {
  readonly id: string;
  readonly run: LiveRun;
  /** Undefined until the baseline is measured. */
  readonly info?: RunInfo;
  readonly query: URLSearchParams;
}
