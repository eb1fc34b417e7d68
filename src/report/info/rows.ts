import type { ModelInfo, QualityInfo } from '../../strategies/index.js';
import { compareCosts, compareQuality, type QualityComparison } from './compare.js';
import { deviceMeasures, type ReportInfo } from './devices.js';
import type { MeasureName } from './measure.js';
import { allModels, roleOf, type ScatterPoint } from './scatter.js';
import { bestServing } from './serving.js';
import { modelWarnings } from './warnings.js';

/** A cost, and how many times less it is than the baseline's. */
export interface CostCell {
  value?: number;
  ratio?: number;
  /** Why there is no value, in a word, where that is known. */
  missing?: string;
}

/** One model in the comparison table. */
export interface FrontRow {
  /** Its place in `allModels`: 0 is the baseline. */
  index: number;
  /** 1, 2, … for models of the front in the run's order (best quality first); absent for others. */
  rank?: number;
  id: string;
  label: string;
  role: ScatterPoint['role'];
  validation: QualityInfo;
  test?: QualityInfo;
  /** Against the baseline: on the test part where both were measured there. */
  quality: QualityComparison;
  /** Samples per second of as many requests at a time as it serves most with. */
  served?: number;
  costs: Partial<Record<MeasureName, CostCell>>;
  /** Names of the limits that it breaks. */
  breaks: readonly string[];
  warnings: string[];
}

/** The baseline first, then the models in the run's order. */
export function frontRows(info: ReportInfo): FrontRow[] {
  let rank = 0;
  return allModels(info).map((model, index) => {
    const role = roleOf(model, info);
    if (role === 'front') rank++;
    return { index, ...(role === 'front' && { rank }), ...rowOf(model, info), role };
  });
}

function rowOf(model: ModelInfo, info: ReportInfo): Omit<FrontRow, 'index' | 'rank' | 'role'> {
  const compared = compareCosts(model, info.baseline, deviceMeasures(info));
  const costs = compared.map(({ measure, after, ratio, missing }) => [measure.name, { value: after, ratio, missing }]);
  return {
    id: model.id,
    label: model.label,
    validation: model.validation,
    test: model.test,
    quality: compareQuality(model, info.baseline),
    served: bestServing(model)?.throughput,
    costs: Object.fromEntries(costs),
    breaks: model.breaks,
    warnings: modelWarnings(model, info.baseline),
  };
}
