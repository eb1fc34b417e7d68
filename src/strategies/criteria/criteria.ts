import type { AnyMetric } from '../../metrics/index.js';
import type { Limits, ObjectiveName } from '../results/info.js';

/** What the models of a run are judged by. */
export interface Criteria {
  /** That leads: quality is its value on validation data. */
  metric: AnyMetric;
  /** What they must keep to. */
  limits: Limits;
  /** What quality is traded for, with quality itself. */
  objectives: readonly ObjectiveName[];
}
