import type { TechniqueNotes } from '../../technique/index.js';
import type { TrainResult } from '../../training/index.js';

/** A training's account of itself: its epochs and, where memory was limited, what that came to. */
export function trainingNotes({ history, memory }: TrainResult): TechniqueNotes {
  if (!memory) return { training: history };
  const { peakBytes, peakBytesBefore, recomputed, macs, addedMacs } = memory;
  const added = macs === 0 ? 0 : addedMacs / macs;
  const size = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const remark =
    recomputed === 0
      ? `A training step is predicted to need ${size(peakBytes)}: nothing had to be recomputed.`
      : `A training step is predicted to need ${size(peakBytes)} instead of ${size(peakBytesBefore)}: it recomputes ${recomputed} operators, ${(100 * added).toFixed(1)}% more multiply-accumulates.`;
  return { training: history, remarks: [remark], facts: { peakMemory: peakBytes, addedMacs: added } };
}
