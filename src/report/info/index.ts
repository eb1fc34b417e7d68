export { type Axis, type AxisRequest, type AxisScale, axisScale, type Place, ticks } from './axis.js';
export {
  type Comparison,
  compareCosts,
  compareQuality,
  costRatio,
  type QualityComparison,
  qualityChange,
  ratioInWords,
} from './compare.js';
export { type DeviceTimes, deviceMeasures, isOnDevice, type ReportInfo } from './devices.js';
export { diffSummary, shareText } from './diff.js';
export { type EstimateRow, estimateRows, estimateTotals, estimateWarnings } from './estimate.js';
export * from './format.js';
export { type CostShare, type InspectInfo, type InspectLayer, inspectInfo, inspectTotals } from './inspect.js';
export { type LayerBars, type LayerMeasure, type LayerPair, layerBars, layersOf, pairLayers } from './layers.js';
export {
  type LimitFacts,
  type LimitKind,
  type LimitName,
  limitFacts,
  limitName,
  limitOption,
  limitText,
  limitTexts,
} from './limits.js';
export type { Measure, MeasureName } from './measure.js';
export { costMeasures, measures } from './measures.js';
export { type Curve, sensitivityList, type TrainingCurves, trainingCurves } from './notes.js';
export { nodesOfKernel, operatorsOf, peakOf, programTotals } from './program.js';
export { evaluateCommand, recipeSteps, recipeText, type StepText } from './recipe.js';
export { type CostCell, type FrontRow, frontRows } from './rows.js';
export {
  allModels,
  roleOf,
  type Scatter,
  type ScatterAxis,
  type ScatterPlace,
  type ScatterPoint,
  scatter,
  scatterAxes,
  scatterLine,
} from './scatter.js';
export { bestServing, type ServingTable, servingConditions, servingTableOf, trainingText } from './serving.js';
export { describe, type Summary, summarize } from './summary.js';
export { modelWarnings, runWarnings } from './warnings.js';
