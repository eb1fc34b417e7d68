import type { AnswerKind, AnswerKinds } from './answers.js';
import type { Scale } from './scales.js';

/**
 * A way to judge answers by one number. Everything that is known of a metric stands in its object: whoever compares, limits, searches, prints or
 * draws qualities asks it.
 */
export interface Metric<K extends AnswerKind = AnswerKind> {
  /** What files and options call it, e.g. "accuracy", "rmse", "recall[person]". */
  readonly name: string;
  /** What people call it, e.g. "macro F1". */
  readonly label: string;
  /** A shorter name for narrow columns. Default: the label. */
  readonly short?: string;
  /** The kind of answers that it judges. */
  readonly answers: K;
  readonly direction: 'maximize' | 'minimize';
  /** How values and changes of them are written, and what a change is measured in. */
  readonly scale: Scale;
  /** The loss (see `lossBetween`) that quantization may cost where nothing else is said. */
  readonly tolerance: number;
  /** NaN where it is not defined for these answers: no such class occurs, say. */
  score(predictions: AnswerKinds[K]['predictions'], targets: AnswerKinds[K]['targets']): number;
  /** 95% interval of the score. Default: none is stated. */
  interval?(predictions: AnswerKinds[K]['predictions'], targets: AnswerKinds[K]['targets']): readonly [number, number] | undefined;
  /** What the best answer that ignores the sample would score: no model of use is worse. Default: nothing is known. */
  chance?(targets: AnswerKinds[K]['targets'], classes: number): number;
  /** What that answer is, for people. Default: "an answer that ignores the sample". */
  readonly guess?: string;
  /** What stands before the brackets where the part is a number of answers and no class: "top" of "top[3]". Default: it is a class or column. */
  readonly numbered?: string;
  /** The metric of one class or column, by its name or number, or of so many answers. Default: there is none. */
  of?(part: string, index: number): Metric<K>;
}
