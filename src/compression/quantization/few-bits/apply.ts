import { lossBetween } from '../../../metrics/index.js';
import type { SensitivityRecord, TechniqueContext, TechniqueResult } from '../../../technique/index.js';
import type { Trials } from '../../../training/index.js';
import { leftInFloat, leftRemark } from '../left.js';
import { movesOf, type When } from '../moved.js';
import { nothingToQuantize } from '../nothing.js';
import type { Migration } from '../scales/migrate.js';
import { type Unseen, unseenBy } from '../unseen.js';
import type { Bits } from './block-grid.js';
import type { FewBits, FewLayer, Width } from './few-layers.js';
import { type MendedFew, mendFewBits } from './mend-few.js';
import { type Mixed, mixed } from './mixed.js';
import { prepareFewBits } from './prepare-few.js';
import { byWidth, remarksOf, remarksOfUnseen, remarksOfWider, withOthers } from './remarks.js';
import type { Rounding } from './roundings.js';

/** What the technique is asked for where only weights are stored, in fewer than 8 bits somewhere. */
export interface FewBitsOptions {
  weightType: 'int4' | 'int2';
  method: Rounding | 'auto';
  blockSize: number;
  samples: number;
  steps: number;
  tolerance?: number;
  budget?: number;
  exclude: readonly string[];
  operators?: readonly string[];
  equalize: When;
  smooth: When;
}

const BITS = { int4: 4, int2: 2 } as const;
const WIDER: Readonly<Record<Bits, readonly Bits[]>> = { 4: [4], 2: [2, 4] };

/** Stores weights in as few bits as asked for where that is good enough, and in more elsewhere. */
export async function applyFewBits(context: TechniqueContext, options: FewBitsOptions): Promise<TechniqueResult> {
  const { model: source, task, runtime, threads, seed, signal, onProgress } = context;
  const { method, blockSize, samples, steps, tolerance, budget, exclude, operators } = options;
  const width = BITS[options.weightType];
  const hasData = task !== undefined && task.splits.calibration.size > 0;
  const rounding = method === 'auto' ? (hasData ? 'gptq' : 'hqq') : method;
  const most = rounding === 'gptq' ? Math.min(samples, GPTQ_SAMPLES) : samples;
  const given = {
    widths: WIDER[width],
    rounding,
    blockSize,
    samples: most,
    steps,
    task,
    exclude,
    operators,
    even: options.equalize !== 'never',
  };
  const { always, auto } = movesOf(options);
  const prepare = (moves: readonly Migration[]) =>
    prepareFewBits(source, runtime, { ...given, seed, threads, signal, onProgress, moves: [...always, ...moves] });
  const few = await prepare([]);
  if (few.layers.length + few.plan.stored.length + few.plan.tables.length === 0) throw nothingToQuantize(source);
  const unseen = hasData ? await unseenBy(few.model, { ...context, task }) : undefined;
  const choose = (from: FewBits) => mixed({ ...context, few: from, width, unseen: layersIn(from, unseen), tolerance, budget });
  const made = await choose(few);
  const result = resultOf(few, width, made, context, { unseen });
  if (hasData || budget !== undefined) return result;
  const mended = async (trials: Trials) => {
    const found = await mendFewBits({ ...context, trials, prepare, choose, moves: auto });
    if (!found) return undefined;
    const { model, notes } = resultOf(found.few, width, found.made, context, { wider: found.wider });
    return { model, notes: { ...notes, remarks: [...remarksOfWider(found), ...(notes.remarks ?? [])] } };
  };
  return { ...result, mended };
}

/** Layers all of whose readers are where no sample comes. */
function layersIn({ layers }: FewBits, unseen?: Unseen): ReadonlySet<FewLayer> {
  return new Set(layers.filter(({ site }) => site.uses.every(({ node }) => unseen?.nodes.has(node.name))));
}

/** Layers whose bits are spoken of elsewhere: those that got more so that the outputs follow, and those that no sample reaches. */
interface SpokenOf {
  wider?: MendedFew['wider'];
  unseen?: Unseen;
}

function resultOf(few: FewBits, width: Width, made: Mixed, context: TechniqueContext, { wider, unseen }: SpokenOf): TechniqueResult {
  const kept = layersIn(few, unseen);
  const others = { ...made, widths: new Map([...made.widths].filter(([layer]) => !wider?.has(layer) && !kept.has(layer))) };
  const remarks = [
    ...few.remarks,
    ...(unseen?.remarks ?? []),
    ...remarksOfUnseen(made, width, kept),
    ...remarksOf(few, width, others, context),
  ];
  // Scales of blocks are floats, too, and as large as weights.
  const known = new Set([...few.model.graph.values(true)].map(({ name }) => name));
  const left = leftRemark(leftInFloat(made.model.graph).filter(({ value }) => known.has(value)));
  if (left) remarks.push(left);
  return { model: made.model, notes: { remarks, sensitivity: sensitivityOf(made), facts: factsOf(few, made, context) } };
}

/** The curvature of a layer is known well enough from so many. */
const GPTQ_SAMPLES = 128;

function sensitivityOf({ noise, widths }: Mixed): SensitivityRecord[] | undefined {
  if (!noise) return undefined;
  const records = [...widths].map(([layer, width]) => {
    const [alone = 0] = noise.get(layer)?.values() ?? [];
    return { layer: layer.site.node, loss: alone, decision: `int${width}` };
  });
  return records.sort((a, b) => b.loss - a.loss);
}

function factsOf(few: FewBits, made: Mixed, { task }: TechniqueContext): Record<string, number | string> {
  const counts = withOthers(byWidth(made.widths), [...few.others.keys()]).map(([width, names]) => [`layersOf${width}Bits`, names.length]);
  const loss = made.quality && task && lossBetween(task.metric, made.quality.before.value, made.quality.after.value);
  return {
    quantizedLayers: few.plan.stored.length + few.plan.tables.length,
    ...Object.fromEntries(counts),
    ...(loss !== undefined && { loss }),
  };
}
