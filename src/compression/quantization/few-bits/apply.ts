import { lossBetween } from '../../../metrics/index.js';
import type { SensitivityRecord, TechniqueContext, TechniqueResult } from '../../../technique/index.js';
import type { Trials } from '../../../training/index.js';
import { agrees } from '../candidates.js';
import { leftInFloat, leftRemark } from '../left.js';
import { movesOf, type When } from '../moved.js';
import { nothingToQuantize } from '../nothing.js';
import type { Migration } from '../scales/migrate.js';
import { type Unseen, unseenBy } from '../unseen.js';
import type { Bits } from './block-grid.js';
import { type FewBits, type FewLayer, type Width, widthFrom } from './few-layers.js';
import { type MendedFew, mendFewBits } from './mend-few.js';
import { type Mixed, mixed } from './mixed.js';
import { prepareFewBits } from './prepare-few.js';
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

function remarksOfWider({ few, wider, whole, sqnr, inputs }: MendedFew): string[] {
  if (wider.size === 0) return [];
  const why = `because with fewer the worst output would have ${whole.toFixed(1)} dB SQNR on ${inputs}, and has ${sqnr.toFixed(1)} dB so`;
  const groups = byWidth(wider).map(([width, names]) => `${width} bits: ${names.join(', ')}`);
  return [`${wider.size} of ${few.layers.length} layers keep more bits, ${why}; ${groups.join('; ')}.`];
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

function remarksOfUnseen({ widths }: Mixed, wished: Width, kept: ReadonlySet<FewLayer>): string[] {
  const more = [...kept].filter((layer) => (widths.get(layer) ?? 0) > widthFrom(layer, wished));
  if (more.length === 0) return [];
  return [`Layers keep more than ${wished} bits, because no sample reaches them: ${more.map(({ site }) => site.node).join(', ')}.`];
}

/** The curvature of a layer is known well enough from so many. */
const GPTQ_SAMPLES = 128;

/** Layers by bits, fewest first. */
function byWidth(widths: Mixed['widths']): [Width, string[]][] {
  const found = new Map<Width, string[]>();
  for (const [{ site }, width] of widths) found.set(width, [...(found.get(width) ?? []), site.node]);
  return [...found].sort(([a], [b]) => a - b);
}

function remarksOf(few: FewBits, wished: Width, made: Mixed, { task }: TechniqueContext): string[] {
  const { widths, quality, exact, noise } = made;
  const remarks: string[] = [];
  const more = [...widths].filter(([layer, width]) => width > widthFrom(layer, wished));
  const total = few.layers.length;
  if (more.length > 0) {
    const groups = byWidth(new Map(more)).map(([width, names]) => `${width} bits: ${names.join(', ')}`);
    remarks.push(`${more.length} of ${total} layers keep more than ${wished} bits, because ${reasonOf(made, task)}; ${groups.join('; ')}.`);
  }
  if (quality && task && made.exact !== undefined && more.length === total)
    remarks.push(`No layer can have ${wished} bits. Quantization-aware training may do better.`);
  if (noise && exact === false) remarks.push('There are too many choices of bits to prove this one the best: it is close.');
  const small = few.layers.filter((layer) => widthFrom(layer, wished) > wished).map(({ site }) => site.node);
  if (small.length > 0) remarks.push(`With ${wished} bits the file would not be smaller: ${small.join(', ')}.`);
  return remarks;
}

function reasonOf({ quality, noise }: Mixed, task: TechniqueContext['task']): string {
  // Noise is looked at for a budget, or where data showed a loss.
  if (noise && (!quality || quality.whole === quality.after)) return 'the budget allows it';
  if (!quality || !task) return 'they lose too much of themselves';
  const { metric } = task;
  const loss = (after: { value: number }) => Number(lossBetween(metric, quality.before.value, after.value).toPrecision(2));
  const { agreement } = quality.whole;
  if (agreement && !agrees(quality.whole, metric.tolerance))
    return `with fewer ${(100 * (1 - agreement.value)).toFixed(1)}% of the answers would change`;
  return `with fewer the loss of ${metric.label} on the validation part would be ${loss(quality.whole)} instead of ${loss(quality.after)}`;
}

function sensitivityOf({ noise, widths }: Mixed): SensitivityRecord[] | undefined {
  if (!noise) return undefined;
  const records = [...widths].map(([layer, width]) => {
    const [alone = 0] = noise.get(layer)?.values() ?? [];
    return { layer: layer.site.node, loss: alone, decision: `int${width}` };
  });
  return records.sort((a, b) => b.loss - a.loss);
}

function factsOf(few: FewBits, made: Mixed, { task }: TechniqueContext): Record<string, number | string> {
  const counts = byWidth(made.widths).map(([width, names]): [string, number] => [`layersOf${width}Bits`, names.length]);
  const loss = made.quality && task && lossBetween(task.metric, made.quality.before.value, made.quality.after.value);
  return {
    quantizedLayers: few.plan.stored.length + few.plan.tables.length,
    ...Object.fromEntries(counts),
    ...(loss !== undefined && { loss }),
  };
}
