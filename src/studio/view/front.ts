import {
  allModels,
  axisScale,
  lossOf,
  type Measure,
  type MeasureName,
  measures,
  type ReportInfo,
  roleOf,
  scatterLine,
} from '../../report/info/index.js';
import type { ModelInfo, RunInfo } from '../../strategies/index.js';

/** One measure of all models as an axis in its own units. */
export interface FrontAxis {
  readonly measure: Measure;
  readonly log: boolean;
  /** What is seen at first: the baseline and the front, others as far as they do not stretch it. */
  readonly ends: readonly [number, number];
  /** Where everything is. */
  readonly all: readonly [number, number];
  /** Where the run's limit of it lies. */
  readonly limit?: number;
}

export interface FrontPoint {
  /** Its place in `allModels`: 0 is the baseline. */
  readonly index: number;
  readonly model: ModelInfo;
  readonly role: 'baseline' | 'front' | 'other';
  readonly x: number;
  readonly y: number;
}

/** Models by two measures, in their units. */
export interface FrontPicture {
  readonly x: FrontAxis;
  readonly y: FrontAxis;
  readonly points: readonly FrontPoint[];
  /** Those of `points` that nothing beats in these two measures, from low x to high. */
  readonly line: readonly FrontPoint[];
}

/** The measures that at least two models have. */
export function frontMeasures(info: ReportInfo): Measure[] {
  const models = allModels(info);
  return measures(info).filter((measure) => models.some((model) => measure.value(model) !== undefined));
}

/** @returns undefined where no model has both measures. */
export function frontPicture(info: ReportInfo, xName: MeasureName, yName: MeasureName): FrontPicture | undefined {
  const all = measures(info);
  const [x, y] = [xName, yName].map((name) => all.find((measure) => measure.name === name));
  if (!x || !y) return undefined;
  const points = allModels(info).flatMap((model, index): FrontPoint[] => {
    const [atX, atY] = [x.value(model), y.value(model)];
    return atX === undefined || atY === undefined ? [] : [{ index, model, role: roleOf(model, info), x: atX, y: atY }];
  });
  if (points.length === 0) return undefined;
  const byIndex = new Map(points.map((point) => [point.index, point]));
  const up = axisOf(info, y, points, 'y');
  const [low, high] = up.ends;
  // What is above or below what is seen makes no room for itself to the left and right.
  const seen = points.filter((point) => point.y >= low && point.y <= high);
  return {
    x: axisOf(info, x, points, 'x', seen),
    y: up,
    points,
    line: scatterLine(info, xName, yName).flatMap((index) => byIndex.get(index) ?? []),
  };
}

/** @param seen those that the axis stretches for. Default: all. */
function axisOf(info: RunInfo, measure: Measure, points: readonly FrontPoint[], side: 'x' | 'y', seen = points): FrontAxis {
  const needed = points.filter(({ role }) => role !== 'other').map((point) => point[side]);
  const limit = limitOf(info, measure);
  const withLimit = (some: readonly FrontPoint[]) => [...some.map((point) => point[side]), ...(limit === undefined ? [] : [limit])];
  const isQuality = measure.name === 'quality' || measure.name === 'test';
  const most = isQuality && measure.better === 'more' ? 1 : undefined;
  // Nothing that can come into view may be where a logarithm is not.
  const log = !isQuality && withLimit(points).every((value) => value > 0);
  const request = { measure, log, most };
  const focused = axisScale({ ...request, needed, wished: withLimit(seen) });
  const whole = axisScale({ ...request, needed: withLimit(points), wished: [] });
  return { measure, log: focused.log, ends: focused.ends, all: whole.ends, ...(limit !== undefined && { limit }) };
}

function limitOf({ limits, baseline, task }: RunInfo, { name }: Measure): number | undefined {
  if (name === 'quality') return qualityLimit(limits, baseline, task.metric);
  const known: Partial<Record<MeasureName, number>> = {
    bytes: limits.maxSize,
    macs: limits.maxMacs,
    latency: limits.maxLatency,
    memory: limits.maxMemory,
  };
  return known[name];
}

/** The worst quality that keeps all limits; a loss is undone by the metric's own measure of it, which is a straight line for shares. */
function qualityLimit({ maxDrop, minQuality }: RunInfo['limits'], baseline: ModelInfo, metric: string): number | undefined {
  const from = baseline.validation.value;
  const perUnit = lossOf(metric, from, from + 0.01) / 0.01;
  const dropped = maxDrop === undefined || !Number.isFinite(perUnit) || perUnit === 0 ? undefined : from + maxDrop / perUnit;
  if (dropped === undefined || minQuality === undefined) return dropped ?? minQuality;
  return perUnit < 0 ? Math.max(dropped, minQuality) : Math.min(dropped, minQuality);
}
