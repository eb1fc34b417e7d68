import type { TrialRecord } from '../../automation/index.js';
import type { EpochEvent } from '../results/event.js';
import type { ModelInfo } from '../results/info.js';
import type { LiveTrial } from '../results/live.js';

type Epoch = Pick<EpochEvent, 'loss' | 'quality'>;

/** A trial's curve: what it reported, or the epochs of its trainings. Quality where every epoch has it. */
export function curveOf({ reports }: Pick<TrialRecord, 'reports'>, epochs: readonly Epoch[]): Pick<LiveTrial, 'curve' | 'curveOf'> {
  if (reports.length > 0)
    return { curve: reports.flatMap(({ step, value }) => (Number.isFinite(value) ? [{ step, value }] : [])), curveOf: 'quality' };
  if (epochs.length === 0) return { curve: [] };
  const hasQuality = epochs.every(({ quality }) => quality !== undefined);
  const curve = epochs.map(({ loss, quality }, index) => ({ step: index + 1, value: hasQuality ? (quality as number) : loss }));
  return { curve, curveOf: hasQuality ? 'quality' : 'loss' };
}

/** The epochs of a trial's models, one after the other. */
export function epochsOf(models: readonly ModelInfo[]): Epoch[] {
  return models.flatMap(({ notes }) => notes.training ?? []);
}
