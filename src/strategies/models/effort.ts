import type { TechniqueNotes } from '../../technique/index.js';

/** What trainings took. */
export interface Effort {
  readonly epochs: number;
  /** Estimate; see `EpochRecord`. */
  readonly microjoules: number;
}

export const NO_EFFORT: Effort = { epochs: 0, microjoules: 0 };

/** What the trainings that a technique noted took, added to what others did. */
export function withEffortOf({ training = [] }: TechniqueNotes, { epochs, microjoules }: Effort = NO_EFFORT): Effort {
  return {
    epochs: epochs + training.length,
    microjoules: training.reduce((sum, epoch) => sum + (epoch.microjoules ?? 0), microjoules),
  };
}
