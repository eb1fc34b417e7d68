import type { SensitivityRecord, TechniqueNotes } from '../../technique/index.js';
import { finite } from './format.js';

export interface Curve {
  name: string;
  points: { epoch: number; value: number }[];
}

/** Training by epoch: the loss, and what is a quality in [0, 1], on scales of their own. Curves without a point are left out. */
export interface TrainingCurves {
  loss: Curve[];
  quality: Curve[];
}

export function trainingCurves({ training = [] }: TechniqueNotes): TrainingCurves | undefined {
  const curve = (name: string, read: (record: (typeof training)[number]) => number | undefined): Curve => ({
    name,
    points: training.flatMap((record) => {
      const value = finite(read(record));
      return value === undefined ? [] : [{ epoch: record.epoch, value }];
    }),
  });
  const drawn = (curves: Curve[]) => curves.filter(({ points }) => points.length > 0);
  const loss = drawn([curve('training loss', (record) => record.loss)]);
  const quality = drawn([curve('training accuracy', (record) => record.accuracy), curve('validation quality', (record) => record.quality)]);
  return loss.length + quality.length > 0 ? { loss, quality } : undefined;
}

/** What changing each layer alone costs in quality, the worst first. Records without a number are left out. */
export function sensitivityList({ sensitivity = [] }: TechniqueNotes): SensitivityRecord[] {
  return sensitivity.filter(({ loss }) => finite(loss) !== undefined).sort((a, b) => b.loss - a.loss);
}
