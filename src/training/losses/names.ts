/** Every loss that some kind of task can be trained with; which ones a task has stands in its `losses`. */
export const LOSSES = ['cross-entropy', 'binary-cross-entropy', 'focal', 'mse', 'mae', 'huber', 'cosine', 'reference'] as const;
export type LossName = (typeof LOSSES)[number];

/** Exponent of the focal loss where it is asked for by name (Lin et al. 2017). */
export const FOCUS = 2;
