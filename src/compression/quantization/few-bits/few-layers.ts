import type { Model } from '../../../onnx/index.js';
import type { Plan } from '../plan.js';
import type { Migration } from '../scales/migrate.js';
import { type Bits, type Blocked, dequantized } from './block-grid.js';
import { type Rounding, relativeError } from './roundings.js';
import type { Site } from './sites.js';

/** Bits of a weight, by layer. */
export type Width = Bits | 8;

/** One way to store a weight. */
export interface Form {
  /** In the file, about. */
  readonly bytes: number;
  readonly rounding: Rounding;
  readonly error: number;
  /** Absent with 8 bits. */
  readonly blocked?: Blocked;
}

export interface FewLayer {
  readonly site: Site;
  /** Which of `sitesOf` it is. */
  readonly index: number;
  /** By bits, fewest first: those with which the file gets smaller. Never empty. */
  readonly forms: ReadonlyMap<Width, Form>;
}

/** A float model with all that is needed to write it with weights of few bits. */
export interface FewBits {
  readonly model: Model;
  readonly plan: Plan;
  readonly layers: readonly FewLayer[];
  /** Names of other nodes whose weights are stored in 8 bits, and why: with fewer the file is no smaller, or others read them, too. */
  readonly others: ReadonlyMap<string, 'no smaller' | 'read otherwise'>;
  /** Activations whose channels were divided, by the kind of migration. */
  readonly places: ReadonlyMap<Migration, number>;
  readonly remarks: readonly string[];
}

/** The width that a layer gets where so many bits are wished: the fewest from there on that make its file smaller, else the most. */
export function widthFrom({ forms }: FewLayer, wished: Width): Width {
  const widths = [...forms.keys()];
  return widths.find((width) => width >= wished) ?? widths[widths.length - 1];
}

/** The same with other integers in the layers for which there are some. */
export function withBlocks(
  few: FewBits,
  bits: Bits,
  madeFor: (layer: FewLayer) => { blocked: Blocked; rounding?: Rounding } | undefined,
): FewBits {
  const layers = few.layers.map((layer) => {
    const [form, made] = [layer.forms.get(bits), madeFor(layer)];
    if (!form || !made) return layer;
    const error = relativeError(layer.site.weight, dequantized(made.blocked, layer.site.weight.columns));
    return { ...layer, forms: new Map([...layer.forms]).set(bits, { ...form, ...made, error }) };
  });
  return { ...few, layers };
}
