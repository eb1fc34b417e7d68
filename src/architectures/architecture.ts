import type { Model } from '../onnx/index.js';

/** What every architecture is scaled by. Growing and shrinking are the same knobs. */
export interface Scale {
  /** Multiplies the channels of every layer. Default 1. */
  width: number;
  /** Multiplies the number of blocks per stage, rounded up. Default 1. */
  depth: number;
  /** Side of the (square) input image in pixels. Default: the data's. */
  resolution: number;
}

export interface ArchitectureRequest extends Partial<Scale> {
  /** Shape of one sample, channels first: [channels, height, width]. */
  input: readonly [channels: number, height: number, width: number];
  /** Number of classes, at least 2. */
  classes: number;
  /** Draws the initial weights. Default 0. */
  seed?: number;
}

/** A family of models, scaled by width, depth and resolution. Input "input" [N, C, H, W], output "scores" [N, classes]: logits. */
export interface Architecture {
  /** What --arch calls it. */
  readonly name: string;
  /** One sentence with its source. */
  readonly summary: string;
  /** Which scalings do something. */
  readonly scales: readonly (keyof Scale)[];
  /** Techniques that prepare a fresh model for its training, with their options, as recipes store them. Default: none. */
  readonly preparation?: readonly { readonly technique: string; readonly options: Readonly<Record<string, unknown>> }[];
  /** Options of the technique `train` that suit the family, where they are not the usual ones. Default: none. */
  readonly training?: Readonly<Record<string, unknown>>;
  build(request: ArchitectureRequest): Model;
}
