import type { Shown } from '../modalities/index.js';
import type { Quality } from '../training/index.js';

/** One sample that two models answer differently. */
export interface ChangedSample {
  /** Its place in the part that was compared. */
  index: number;
  /** The sample, for people. */
  shown: Shown;
  /** What is right, where the data says. */
  target?: string;
  /** What each model answers. */
  before: string;
  after: string;
  /** 'lost' was right and is wrong, 'gained' was wrong and is right; 'other' is none of these, or nobody knows what is right. */
  kind: 'lost' | 'gained' | 'other';
  /**
   * By how much it is worse; larger is worse. For classes the loss of probability of the right one, in [-1, 1]; for labels the sum of such losses; for
   * numbers the growth of the error of the column where it changed most, in deviations of its targets.
   */
  harm: number;
}

/** How one class fared. */
export interface ClassChanges {
  name: string;
  samples: number;
  lost: number;
  gained: number;
  other: number;
}

/** What one layer's change does by itself. */
export interface LayerCause {
  /** The value that the layer makes, and the operator that makes it in the first model. */
  value: string;
  op: string;
  /** Squared difference of what the layer makes of the same inputs, relative to the variance of what the first model makes. */
  error: number;
  /** How many of the changed samples change when this layer alone is exchanged for the second model's. Absent where `changed` is. */
  samples?: number;
  /** Share of the whole change of the outputs that the exchange makes, from 0; above 1 it does more harm alone than all layers together. */
  share: number;
}

/** How two models differ on the same data: plain JSON. */
export interface DiffInfo {
  models: { before: string; after: string };
  task: { kind: string; title: string };
  split: string;
  quality: { before: Quality; after: Quality };
  /** Samples that were compared, and how many of them have other answers; absent for tasks that judge all samples together, as fidelity does. */
  samples: number;
  changed?: number;
  /** For tasks with classes, the ones that changed most first. */
  classes: ClassChanges[];
  /** The samples that changed, the worst first. */
  worst: ChangedSample[];
  /** What the layers did, the one that matters most first; empty where the models have no values in common, for the reason in `layersNote`. */
  layers: LayerCause[];
  layersNote: string;
}
