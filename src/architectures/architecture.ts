import type { Model } from '../onnx/index.js';

/** What every architecture is scaled by. Growing and shrinking are the same knobs. */
export interface Scale {
  /** Multiplies the channels of every layer. Default 1. */
  width: number;
  /** Multiplies the number of blocks per stage, rounded up. Default 1. */
  depth: number;
  /** Images: side of the (square) input in pixels. Default: the data's. */
  resolution: number;
  /** Side of the kernels that look around them, in pixels: an odd number. Default 3. */
  kernel: number;
  /** Images: squares of so many pixels a side are averaged to one first (pixel binning), so that a model computes at a lower resolution of the same input. Default 1. */
  binning: number;
}

export interface ArchitectureRequest extends Partial<Scale> {
  /** One of the family's kinds of block. Default: the first. */
  block?: string;
  /** Shape of one sample as the model takes it: images [channels, height, width], features [columns], texts [ids]. */
  input: readonly number[];
  /** How many scores or numbers the model gives: classes or labels, at least 2, or columns of numbers, at least 1. */
  classes: number;
  /** Whether these are numbers to predict rather than scores. Default false. */
  numbers?: boolean;
  /** Texts: ids are below this; 0 is padding. Default 32,768. */
  vocabulary?: number;
  /** Draws the initial weights; null leaves them zero, for a model that is only counted. Default 0. */
  seed?: number | null;
}

/** A family of models, scaled by width, depth and resolution. Input "input" [N, ...sample], output "scores" [N, classes]: logits or numbers. */
export interface Architecture {
  /** What --arch calls it. */
  readonly name: string;
  /** One sentence with its source. */
  readonly summary: string;
  /** The kind of samples that it takes, as modalities call them: "image", "features", "text", "audio". */
  readonly takes: string;
  /** Kind of the preparation whose results it takes, where samples must be prepared: see `addPreparation` in data. Default: none. */
  readonly prepared?: string;
  /** Which scalings do something. */
  readonly scales: readonly (keyof Scale)[];
  /** Kinds of block that it can be built of, the published one first. Default: only that, without a name. */
  readonly blocks?: readonly string[];
  /** Techniques that prepare a fresh model for its training, with their options, as recipes store them. Default: none. */
  readonly preparation?: readonly { readonly technique: string; readonly options: Readonly<Record<string, unknown>> }[];
  /** Options of the technique `train` that suit the family, where they are not the usual ones. Default: none. */
  readonly training?: Readonly<Record<string, unknown>>;
  build(request: ArchitectureRequest): Model;
}
