import { OptionError } from '../../base/index.js';
import { mapTargets, type Splits, type Targets } from '../../data/index.js';
import { anomalyKind } from './anomaly.js';
import { classificationKind } from './classification.js';
import { detectionKind } from './detection/detection.js';
import { embeddingKind } from './embedding.js';
import { fidelityKind } from './fidelity.js';
import type { Found, TaskKind } from './kind.js';
import { multiLabelKind } from './multi-label.js';
import { regressionKind } from './regression.js';
import type { Goal } from './task.js';
import { tokenKind } from './tokens.js';

/** Every kind of task, in the order in which they are recognized. */
const KINDS: TaskKind[] = [
  tokenKind,
  regressionKind,
  multiLabelKind,
  anomalyKind,
  embeddingKind,
  classificationKind,
  detectionKind,
  fidelityKind,
];

/** Names of the kinds of tasks. */
export function taskNames(): string[] {
  return KINDS.map(({ name }) => name);
}

/**
 * Finds out what a model is for: by name, or as the first kind that recognizes the model and the data.
 * @returns the goal, the data with targets as it reads them, and the reason for people.
 * @throws OptionError for a kind that there is not; DataError where model and data do not go together.
 */
export async function findGoal(found: Omit<Found, 'targets'>): Promise<{ goal: Goal; splits: Splits; reason: string }> {
  const { options } = found;
  const { targets } = found.splits.train;
  const { task, fidelity: isFidelity } = options;
  const wanted = task ?? (isFidelity ? 'fidelity' : undefined);
  const named = KINDS.find(({ name }) => name === wanted);
  if (wanted !== undefined && !named) throw new OptionError({ what: `There is no task "${wanted}"`, expected: taskNames().join(', ') });
  const recognized = KINDS.flatMap((kind) => {
    const reason = kind.recognize({ ...found, targets });
    return reason === undefined ? [] : [{ kind, reason }];
  });
  // Targets of each kind are recognized by some kind of task, whatever the model.
  const { kind, reason } = named ? { kind: named, reason: 'it was asked for' } : (recognized[0] as { kind: TaskKind; reason: string });
  const change = (each: Targets) => kind.read?.(each, found) ?? each;
  const read = targets && change(targets);
  const splits = read === targets ? found.splits : mapSplits(found.splits, change, kind.name);
  const goal = await kind.make({ ...found, splits, targets: read });
  return { goal, splits, reason };
}

function mapSplits(splits: Splits, change: (targets: Targets) => Targets, how: string): Splits {
  const { train, calibration, validation, test } = splits;
  const map = (part: Splits['train']) => mapTargets(part, change, how);
  return { train: map(train), calibration: map(calibration), validation: map(validation), test: map(test) };
}
