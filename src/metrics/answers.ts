/** Scores of `size` samples over `classes` classes, row by row; larger means likelier. */
export interface Scores {
  size: number;
  classes: number;
  /** [size, classes]. Where all rows are non-negative numbers that sum to 1 they are probabilities; others go through softmax where
   * probabilities are needed. */
  data: Float32Array;
}

/** Predicted probabilities of labels, each a yes-or-no question of its own. */
export interface LabelScores {
  size: number;
  classes: number;
  /** [size, classes], each in [0, 1]. A label is answered with yes above 0.5. */
  data: Float32Array;
}

/** Predicted numbers. */
export interface Numbers {
  size: number;
  /** Names of the columns. */
  columns: readonly string[];
  /** [size, columns], row by row. */
  data: Float32Array;
}

/** What was predicted at the positions of token sequences that count; padding is left out. */
export interface Tokens {
  classes: number;
  /** The likeliest class at each position. */
  predicted: Int32Array;
  /** Natural logarithm of the probability of the true class at each position. */
  logLikelihoods: Float64Array;
}

/** A vector for each sample, beside the original model's of the same sample where there is one. */
export interface Embeddings {
  size: number;
  width: number;
  /** [size, width]. */
  data: Float32Array;
  /** The original model's, [size, width]. */
  reference?: Float32Array;
}

/** An object that a detector found. */
export interface Detection {
  category: number;
  /** [left, top, width, height] in pixels of the stored image. */
  box: readonly [number, number, number, number];
  /** Larger means surer. */
  score: number;
}

/** An object as it was annotated; see BoxTarget in data. */
export interface TrueBox {
  category: number;
  box: readonly [number, number, number, number];
  area?: number;
  isCrowd?: boolean;
}

/** How far one channel of an output is from the original model's. Sums over samples and positions. */
export interface ChannelError {
  /** Name of the output, and number of the channel in it. */
  output: string;
  channel: number;
  /** Mean squared difference to the original. */
  error: number;
  /** Mean square of the original's own deviation from its mean; of a channel that never moves, its power or what the others move. */
  variance: number;
  /** Mean squared value of the original. */
  power: number;
  /** Set where the original hardly moves, by less than a hundredth of its own size, and others no more: R² then says little. */
  isStill?: boolean;
}

/** How closely a model's outputs follow the original's on the same inputs. */
export interface Fidelity {
  size: number;
  channels: readonly ChannelError[];
  /** Mean over samples and outputs of the cosine between the two output vectors. */
  cosine: number;
  /** Largest absolute difference of any output. */
  maxDifference: number;
  /** Samples on which both answer alike; only where an output is known to hold class scores. */
  agreeing?: number;
}

/** What metrics judge, by kind of answer: what a model said, and what was right. */
export interface AnswerKinds {
  classes: { predictions: Scores; targets: Int32Array };
  labels: { predictions: LabelScores; targets: Uint8Array };
  numbers: { predictions: Numbers; targets: Float32Array };
  tokens: { predictions: Tokens; targets: Int32Array };
  embeddings: { predictions: Embeddings; targets: Int32Array | undefined };
  boxes: { predictions: readonly (readonly Detection[])[]; targets: readonly (readonly TrueBox[])[] };
  fidelity: { predictions: Fidelity; targets: undefined };
}

export type AnswerKind = keyof AnswerKinds;

/** A model's answers on some samples. */
export type Answers<K extends AnswerKind = AnswerKind> = {
  [Each in K]: { kind: Each; size: number } & AnswerKinds[Each];
}[K];
