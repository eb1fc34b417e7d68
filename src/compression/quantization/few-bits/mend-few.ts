import type { Activity } from '../../../base/index.js';
import type { Runtime } from '../../../infrastructure/runtime/index.js';
import type { Model } from '../../../onnx/index.js';
import type { Trials } from '../../../training/index.js';
import { Following } from '../mending/following.js';
import { MOST_LEFT } from '../mending/mend.js';
import type { Measured } from '../mending/output-shares.js';
import type { Migration } from '../scales/migrate.js';
import { type FewBits, type FewLayer, type Width, widthFrom } from './few-layers.js';
import type { Mixed } from './mixed.js';
import { writeFewBits } from './prepare-few.js';

export interface MendFewRequest extends Pick<Activity, 'signal'> {
  model: Model;
  runtime: Runtime;
  threads?: number;
  trials: Trials;
  /** Rounds the weights with scales that were moved; which, by kind. */
  prepare: (moves: readonly Migration[]) => Promise<FewBits>;
  /** Bits for each layer without measuring any. */
  choose: (few: FewBits) => Promise<Mixed>;
  /** Which scales move where that helps. */
  moves: readonly Migration[];
}

export interface MendedFew {
  readonly few: FewBits;
  readonly made: Mixed;
  /** Layers that got more bits so that the outputs follow. */
  readonly wider: ReadonlyMap<FewLayer, Width>;
  /** SQNR in dB of the worst output, before and now. */
  readonly whole: number;
  readonly sqnr: number;
  readonly inputs: string;
}

/** Noise that is allowed of weights of few bits, beside that of outputs that follow closely: 7 dB more, 3 dB from what is refused. */
const ALLOWED = 10 ** 0.7;

interface State {
  few: FewBits;
  made: Mixed;
  found: Measured;
}

/**
 * Weights of few bits without data whose outputs follow the float model: with scales that were moved, where that takes most of the noise, and with as few layers
 * in 8 bits as are needed, those first whose weights lose most of themselves.
 * @returns undefined where they follow as they are.
 */
export async function mendFewBits(request: MendFewRequest): Promise<MendedFew | undefined> {
  const { model, prepare, choose, moves } = request;
  const following = await Following.of(model, request);
  const state = async (few: FewBits): Promise<State> => {
    const made = await choose(few);
    return { few, made, found: await following.of(made.model) };
  };
  const plain = await state(await prepare([]));
  if (plain.found.share <= ALLOWED) return undefined;
  const moved = moves.length > 0 ? await prepare(moves) : undefined;
  const other = moved && moved.places.size > 0 ? await state(moved) : undefined;
  const isBetter = other && (other.found.share <= ALLOWED || other.found.share <= MOST_LEFT * plain.found.share);
  // Where both are lost with so few bits, moved scales may still be what more bits need.
  const bases = isBetter ? [other] : other ? [plain, other] : [plain];
  let [base, best] = [bases[0], await widened(bases[0], following)];
  for (const next of bases.slice(1)) {
    if (best.found.share <= ALLOWED) break;
    const tried = await widened(next, following);
    if (tried.found.share < best.found.share) [base, best] = [next, tried];
  }
  const { few, made, found } = best;
  const wider = new Map([...made.widths].filter(([layer, width]) => width > (base.made.widths.get(layer) ?? 8)));
  return { few, made, wider, whole: plain.found.sqnr, sqnr: found.sqnr, inputs: following.inputs };
}

/** With the fewest layers in 4 bits, or all and the fewest in 8, with which the outputs follow, in the order of their errors. */
async function widened(start: State, following: Following): Promise<State> {
  let state = start;
  for (const width of [4, 8] as const) if (state.found.share > ALLOWED) state = await fewestAt(width, state, following);
  return state;
}

async function fewestAt(width: Width, start: State, following: Following): Promise<State> {
  const { few, made } = start;
  const order = few.layers
    .filter((layer) => (made.widths.get(layer) ?? 8) < width && widthFrom(layer, width) === width)
    .sort((a, b) => errorOf(b, made) - errorOf(a, made));
  if (order.length === 0) return start;
  const attempt = async (count: number): Promise<State> => {
    const wide = new Set(order.slice(0, count));
    const widths = new Map([...made.widths].map(([layer, own]): [FewLayer, Width] => [layer, wide.has(layer) ? width : own]));
    const model = writeFewBits(few, (layer) => widths.get(layer) ?? 8);
    return { few, made: { ...made, model, widths }, found: await following.of(model) };
  };
  let [low, high] = [0, order.length];
  let best = await attempt(high);
  while (best.found.share <= ALLOWED && high - low > 1) {
    const count = (low + high) >> 1;
    const tried = await attempt(count);
    if (tried.found.share <= ALLOWED) [best, high] = [tried, count];
    else low = count;
  }
  return best;
}

function errorOf(layer: FewLayer, { widths }: Mixed): number {
  return layer.forms.get(widths.get(layer) as Width)?.error ?? 0;
}
