import type { Model } from '../model.js';

/** Something that may hold of a whole model: what passes need, and what they bring about. */
export interface Condition {
  /** A clause: "functions are written out". */
  readonly name: string;
  /** Whether it holds. Absent where a model does not show it: then it holds after a pass that ensures it, until one that breaks it. */
  readonly holds?: (model: Model) => boolean;
}

/** What a pass may answer with: some passes run the model, and answer later. */
export type Changed = number | Promise<number>;

/** One rewriting of a model, and all that a list of passes must know of it. */
export interface Pass<Context = unknown, Answer extends Changed = number> {
  /** In words joined by hyphens: "fold-constants". */
  readonly name: string;
  /** What it does, as a sentence. */
  readonly summary: string;
  /**
   * `form`: says the same otherwise, as others need it; it runs where one of its conditions is required. `simplify`: computes the same with less; `simplify` runs all
   * of these until nothing changes. `runtime`: for running only, where one runtime's kernels want it.
   */
  readonly kind: 'form' | 'simplify' | 'runtime';
  /** What must hold before. */
  readonly requires: readonly Condition[];
  /** What holds afterwards. Where all of it holds before, the pass is left out. */
  readonly ensures: readonly Condition[];
  /** What may hold no longer. Default: nothing. */
  readonly breaks?: readonly Condition[];
  /**
   * Rewrites the model in place, subgraphs too. The order of its nodes may be another one afterwards. After an error it is not to be used any more.
   * @returns how many nodes were removed, moved or rewritten; 0 where nothing changed.
   */
  run(model: Model, context: Context): Answer;
}

/** A pass of any kind that does with this context. */
export type AnyPass<Context> = Pass<Context, Changed>;

/** What came of one pass. */
export interface Change {
  readonly pass: string;
  /** Nodes removed, moved or rewritten. */
  readonly changed: number;
}
