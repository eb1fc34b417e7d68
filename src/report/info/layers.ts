import { addTo } from '../../base/index.js';
import type { LayerInfo, RunInfo } from '../../strategies/index.js';

/** A layer before and after; one of the two is absent where it was added or removed. */
export interface LayerPair {
  name: string;
  op: string;
  before?: LayerInfo;
  after?: LayerInfo;
}

export type LayerMeasure = 'macs' | 'weightBytes' | 'parameters' | 'activationBytes';

/**
 * Layers of two models, matched by name; where few names are in both, as when they were shortened, the rest by kind and size in the order in which they come. The second's in
 * their order, then those of the first that are gone.
 */
export function pairLayers(before: readonly LayerInfo[], after: readonly LayerInfo[]): LayerPair[] {
  const matches = matchedByName(before, after);
  const taken = new Set(matches.values());
  if (matches.size < Math.min(before.length, after.length) / 2) {
    const [left, right] = [before.filter((layer) => !taken.has(layer)), after.filter((layer) => !matches.has(layer))];
    for (const [was, is] of alignedByKind(left, right)) {
      matches.set(is, was);
      taken.add(was);
    }
  }
  const kept = after.map((layer): LayerPair => {
    const match = matches.get(layer);
    return { name: match?.name ?? layer.name, op: layer.op, ...(match && { before: match }), after: layer };
  });
  const gone = before.filter((layer) => !taken.has(layer)).map((layer): LayerPair => ({ name: layer.name, op: layer.op, before: layer }));
  return [...kept, ...gone];
}

/** The layer before, by the layer after. */
function matchedByName(before: readonly LayerInfo[], after: readonly LayerInfo[]): Map<LayerInfo, LayerInfo> {
  const waiting = new Map<string, LayerInfo[]>();
  for (const layer of before) addTo(waiting, layer.name, layer);
  return new Map(
    after.flatMap((layer) => {
      const match = waiting.get(layer.name)?.shift();
      return match ? [[layer, match] as const] : [];
    }),
  );
}

/** Beyond so many pairs of layers, what has no name in common is not aligned. */
const MOST_PAIRS = 4_000_000;

/** The longest common subsequence of two lists of layers, as pairs; of equally long ones that with the most outputs of one shape. */
function alignedByKind(before: readonly LayerInfo[], after: readonly LayerInfo[]): [LayerInfo, LayerInfo][] {
  const [rows, columns] = [before.length, after.length];
  if (rows * columns > MOST_PAIRS) return [];
  const kinds = after.map(({ op }) => kindOf(op));
  const scores = new Float64Array((rows + 1) * (columns + 1));
  const worth = (row: number, column: number) => {
    if (kindOf(before[row].op) !== kinds[column]) return 0;
    return before[row].output.join() === after[column].output.join() ? 1 + SAME_SHAPE : 1;
  };
  const at = (row: number, column: number) => row * (columns + 1) + column;
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const match = worth(row, column);
      const taken = match === 0 ? 0 : match + scores[at(row + 1, column + 1)];
      scores[at(row, column)] = Math.max(taken, scores[at(row + 1, column)], scores[at(row, column + 1)]);
    }
  }
  const pairs: [LayerInfo, LayerInfo][] = [];
  for (let [row, column] = [0, 0]; row < rows && column < columns; ) {
    const match = worth(row, column);
    if (match > 0 && scores[at(row, column)] === match + scores[at(row + 1, column + 1)]) pairs.push([before[row++], after[column++]]);
    else if (scores[at(row, column)] === scores[at(row + 1, column)]) row++;
    else column++;
  }
  return pairs;
}

/** Less than a match, however many layers there are. */
const SAME_SHAPE = 2 ** -20;

/** What an operator computes, whatever it computes with: QLinearConv and ConvInteger are Conv. */
function kindOf(op: string): string {
  const plain = op.replace(/^(QLinear|Fused|DynamicQuantize)/, '').replace(/(Integer|NBits)$/, '');
  return ['Gemm', 'QGemm', 'FusedGemm'].includes(plain) ? 'MatMul' : plain;
}

export interface LayerBars {
  pairs: LayerPair[];
  /** The largest value of the measure, for the length of bars. */
  largest: number;
  /** Layers that are not listed, because they cost less, and their sums. */
  rest?: { layers: number; before: number; after: number };
}

/** The layers that cost most, before or after, in the order of `pairs`. Layers that cost nothing are never listed. */
export function layerBars(pairs: readonly LayerPair[], measure: LayerMeasure, most = 24): LayerBars {
  const cost = (pair: LayerPair) => Math.max(pair.before?.[measure] ?? 0, pair.after?.[measure] ?? 0);
  const costly = pairs.filter((pair) => cost(pair) > 0);
  const chosen = new Set([...costly].sort((a, b) => cost(b) - cost(a)).slice(0, most));
  const others = costly.filter((pair) => !chosen.has(pair));
  const sum = (side: 'before' | 'after') => others.reduce((total, pair) => total + (pair[side]?.[measure] ?? 0), 0);
  return {
    pairs: costly.filter((pair) => chosen.has(pair)),
    largest: costly.reduce((largest, pair) => Math.max(largest, cost(pair)), 0),
    ...(others.length > 0 && { rest: { layers: others.length, before: sum('before'), after: sum('after') } }),
  };
}

/** The layers that a run listed for a model; none where it did not. */
export function layersOf(info: RunInfo, id: string): readonly LayerInfo[] {
  return Object.hasOwn(info.layers, id) ? info.layers[id] : [];
}
