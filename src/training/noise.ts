import type { Tensor } from '../onnx/index.js';
import { ChannelErrors } from './tasks/channel-errors.js';

/**
 * How far outputs are from a reference's: 1 - R², of each output whose numbers all mean the same, as class scores in one row a sample do, and of the worst
 * channel of any other; the largest over the outputs. 0 where they are the same.
 */
export class NoiseMeter {
  readonly #outputs: Map<string, ChannelErrors>;

  constructor(outputs: readonly string[]) {
    this.#outputs = new Map(outputs.map((name) => [name, new ChannelErrors(name)]));
  }

  add(reference: Readonly<Record<string, Tensor>>, outputs: Readonly<Record<string, Tensor>>): void {
    for (const [name, errors] of this.#outputs) errors.add(reference[name], outputs[name], reference[name].shape[0] ?? 1);
  }

  get value(): number {
    return [...this.#outputs.values()].reduce((most, errors) => Math.max(most, errors.noise), 0);
  }
}
