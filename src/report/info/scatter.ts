import { type Direction, front } from '../../pareto/index.js';
import type { ModelInfo, RunInfo } from '../../strategies/index.js';
import { type Axis, axisScale, type Place } from './axis.js';
import type { ReportInfo } from './devices.js';
import { finite } from './format.js';
import type { Measure, MeasureName } from './measure.js';
import { measures } from './measures.js';

/** One measure of all models, placed along an axis. Index 0 is the baseline, index i the run's model i - 1. */
export interface ScatterAxis extends Axis {
  name: MeasureName;
  /** Undefined where a model has no such measurement. */
  places: (ScatterPlace | undefined)[];
}

export interface ScatterPlace extends Place {
  text: string;
  /** Ends of the 95% interval, within the axis. */
  interval?: [number, number];
}

export interface ScatterPoint {
  index: number;
  label: string;
  role: 'baseline' | 'front' | 'other';
  x: ScatterPlace;
  y: ScatterPlace;
}

/** Models by two measures, ready to draw. */
export interface Scatter {
  x: ScatterAxis;
  y: ScatterAxis;
  points: ScatterPoint[];
  /** Indices of the models, the baseline among them, that nothing beats in these two measures, from low x to high. */
  line: number[];
}

/** The baseline, then the models. */
export function allModels(info: RunInfo): ModelInfo[] {
  return [info.baseline, ...info.models];
}

export function roleOf(model: ModelInfo, info: RunInfo): ScatterPoint['role'] {
  if (model === info.baseline) return 'baseline';
  return model.onFront ? 'front' : 'other';
}

/** Every measure that at least one model has, as an axis. The baseline and the front are always inside; others may lie beyond its ends. */
export function scatterAxes(info: ReportInfo): ScatterAxis[] {
  return measures(info).flatMap((measure) => scatterAxis(info, measure) ?? []);
}

function scatterAxis(info: ReportInfo, measure: Measure): ScatterAxis | undefined {
  const models = allModels(info);
  const isQuality = measure.better === 'more';
  const intervals = models.map((model) => (isQuality ? intervalOf(model, measure.name) : undefined));
  const values = models.map((model) => measure.value(model));
  const isMain = (index: number) => roleOf(models[index], info) !== 'other';
  const valuesOf = (main: boolean) =>
    models.flatMap((_, index) => {
      const value = values[index];
      if (value === undefined || isMain(index) !== main) return [];
      return [value, ...(main ? (intervals[index] ?? []) : [])];
    });
  const [needed, wished] = [valuesOf(true), valuesOf(false)];
  if (needed.length + wished.length === 0) return undefined;
  const { place, ends: _, ...axis } = axisScale({ measure, needed, wished, log: !isQuality, most: isQuality ? 1 : undefined });
  const places = values.map((value, index): ScatterPlace | undefined => {
    if (value === undefined) return undefined;
    const interval = intervals[index];
    const ends = interval && ([place(interval[0]).at, place(interval[1]).at] as [number, number]);
    return { ...place(value), text: measure.format(value), ...(ends && { interval: ends }) };
  });
  return { name: measure.name, ...axis, places };
}

function intervalOf(model: ModelInfo, name: MeasureName): readonly [number, number] | undefined {
  const interval = (name === 'test' ? model.test : model.validation)?.interval;
  return finite(interval?.[0]) !== undefined && finite(interval?.[1]) !== undefined ? interval : undefined;
}

/** The models by two measures. Defaults: quality on the validation part, which all models have, against the size of the file. */
export function scatter(info: ReportInfo, xName: MeasureName = 'bytes', yName: MeasureName = 'quality'): Scatter | undefined {
  const axes = scatterAxes(info);
  const x = axes.find(({ name }) => name === xName);
  const y = axes.find(({ name }) => name === yName);
  if (!x || !y) return undefined;
  const points = allModels(info).flatMap((model, index): ScatterPoint[] => {
    const [placeX, placeY] = [x.places[index], y.places[index]];
    return placeX && placeY ? [{ index, label: model.label, role: roleOf(model, info), x: placeX, y: placeY }] : [];
  });
  return { x, y, points, line: scatterLine(info, xName, yName) };
}

/** The front in two measures alone: of the models that keep the limits and the baseline, those that nothing beats. */
export function scatterLine(info: ReportInfo, xName: MeasureName, yName: MeasureName): number[] {
  const byName = new Map(measures(info).map((measure) => [measure.name, measure]));
  const [x, y] = [byName.get(xName), byName.get(yName)];
  if (!x || !y || x === y) return [];
  const candidates = allModels(info).flatMap((model, index) => {
    const [atX, atY] = [x.value(model), y.value(model)];
    return atX === undefined || atY === undefined || model.breaks.length > 0 ? [] : [{ index, objectives: [atX, atY] }];
  });
  const directions = [x, y].map(({ better }): Direction => (better === 'more' ? 'maximize' : 'minimize'));
  return front(candidates, ({ objectives }) => objectives, directions, { duplicates: 'first' })
    .sort((a, b) => a.objectives[0] - b.objectives[0])
    .map(({ index }) => index);
}
