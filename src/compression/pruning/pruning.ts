import { namesText } from '../../base/index.js';
import { type TaskContext, type TechniqueContext, type TechniqueNotes, withTask } from '../../technique/index.js';
import type { EpochRecord, LossBuilder } from '../../training/index.js';
import { withEvenScales } from '../quantization/index.js';
import { epochsFor, tune, tunes, tuningLoss, USUAL_EPOCHS, untunable } from '../tuning.js';
import { type PrunedChannels, pruneModel } from './channels.js';
import { type DroppedBlocks, dropBlocks } from './drop-blocks.js';
import { type InFloats, inFloats } from './in-floats.js';
import type { Structure } from './layers.js';
import { measureImportance, measuresByData, measuresByGradients } from './measures.js';
import type { PruneOptions } from './prune-options.js';

/** Whether a pruning computes gradients: for the importance, or to tune. */
export function wantsGradients(options: PruneOptions): boolean {
  return measuresByGradients(options.importance) || tunes(options);
}

/** Whether a pruning looks at data. */
export function wantsData(options: PruneOptions): boolean {
  return wantsGradients(options) || measuresByData(options.importance) || options.structure.includes('blocks');
}

/** One application of `prune`: blocks first, then channels and heads in rounds, each followed by tuning. */
export class Pruning {
  #context: TechniqueContext;
  readonly #options: PruneOptions;
  readonly #remarks = new Set<string>();
  readonly #history: EpochRecord[] = [];
  /** Brings what was pruned in float32 back to the precision that was given. */
  readonly #restored: InFloats<TechniqueContext>['restored'];

  constructor(given: TechniqueContext, options: PruneOptions) {
    const { context, remarks, restored } = inFloats(given);
    this.#restored = restored;
    this.#context = context;
    this.#options = options;
    for (const remark of remarks) this.#remark(remark);
  }

  async run(): Promise<{ model: TechniqueContext['model']; notes: TechniqueNotes }> {
    const { keep, tuning, epochs } = this.#options;
    if (wantsData(this.#options)) await this.#evenScales();
    const obstacle = wantsGradients(this.#options) ? await untunable(this.#taskContext) : undefined;
    if (obstacle) this.#remark(obstacle);
    const isTuned = tunes(this.#options) && !obstacle;
    const loss = isTuned ? await tuningLoss(this.#taskContext, tuning) : undefined;
    const blocks = this.#options.structure.includes('blocks') ? await this.#dropBlocks() : undefined;
    let model = blocks?.model ?? this.#context.model;
    let first: PrunedChannels | undefined;
    let last: PrunedChannels | undefined;
    const plan = !isTuned
      ? [0]
      : epochsPerRound(epochs ?? epochsFor(this.#taskContext.task, USUAL_EPOCHS), this.#finer.length > 0 ? this.#options.rounds : 1);
    for (const [round, count] of plan.entries()) {
      if (this.#finer.length > 0) {
        last = await this.#pruneOnce(model, keep ** ((round + 1) / plan.length), { first, from: blocks?.before, hasGradients: !obstacle });
        first ??= last;
        model = last.model;
      }
      if (count > 0) model = await this.#tune(model, round, count, loss);
    }
    return { model: this.#restored(model), notes: this.#notes(first, last, blocks) };
  }

  async #evenScales(): Promise<void> {
    const { context, remarks } = await withEvenScales(this.#context);
    this.#context = context;
    for (const remark of remarks) this.#remark(remark);
  }

  get #taskContext(): TaskContext {
    return withTask(this.#context, 'Pruning by gradients, by data or with tuning');
  }

  /** What goes besides blocks. */
  get #finer(): Structure[] {
    return this.#options.structure.filter((each) => each !== 'blocks');
  }

  async #dropBlocks(): Promise<DroppedBlocks> {
    const { model, task, runtime, threads, signal } = this.#taskContext;
    const { keep, target: of, blockChange } = this.#options;
    const mostChange = this.#finer.length > 0 ? blockChange : undefined;
    const blocks = await dropBlocks({ model, task, runtime, threads, signal, of, keep, mostChange });
    if (blocks.found === 0) this.#remark('There is no residual branch whose loss would leave the shapes as they are.');
    return blocks;
  }

  async #pruneOnce(
    model: TechniqueContext['model'],
    keep: number,
    { first, from = first?.before, hasGradients }: { first?: PrunedChannels; from?: number; hasGradients: boolean },
  ): Promise<PrunedChannels> {
    const { target, importance, minChannels, maxLayerFraction, multipleOf, exclude, batches } = this.#options;
    const measure = measuresByGradients(importance) && !hasGradients ? 'magnitude' : importance;
    const request = () => {
      const { task, runtime, threads, signal, seed } = this.#taskContext;
      return { model, task, runtime, threads, signal, seed, batches };
    };
    const pruned = await pruneModel(model, {
      keep,
      of: target,
      structure: this.#finer,
      minChannels,
      maxLayerFraction,
      multipleOf,
      exclude,
      importance: (work, layers) => measureImportance(measure, request, work, layers),
      sizes: first?.sizes,
      from,
    });
    for (const remark of pruned.remarks) this.#remark(remark);
    return pruned;
  }

  async #tune(model: TechniqueContext['model'], round: number, epochs: number, loss: LossBuilder | undefined): Promise<typeof model> {
    const { learningRate } = this.#options;
    const tuned = await tune(this.#taskContext, {
      name: `round-${round + 1}`,
      model,
      loss,
      options: { epochs, learningRate, seed: this.#context.seed + round, evaluateEvery: 0 },
    });
    const done = this.#history.length;
    this.#history.push(...tuned.history.map((record) => ({ ...record, epoch: done + record.epoch })));
    return tuned.model;
  }

  #remark(text: string): void {
    if (this.#remarks.has(text)) return;
    this.#remarks.add(text);
    this.#context.onMessage?.({ level: 'warning', text });
  }

  #notes(first: PrunedChannels | undefined, last: PrunedChannels | undefined, blocks: DroppedBlocks | undefined): TechniqueNotes {
    const { target, keep } = this.#options;
    const [before, after] = [blocks?.before ?? first?.before ?? 0, last?.after ?? blocks?.after ?? 0];
    const kept = after / before;
    if (kept > keep + 0.02) {
      this.#remark(`${percent(kept)} of ${target} are left rather than ${percent(keep)}: more could not be removed within the limits.`);
    }
    const [widths, left] = [widthsOf(first?.layers ?? [], 'before'), widthsOf(last?.layers ?? [], 'after')];
    const layers = [...widths].map(([name, width]) => `${name} ${left.get(name) ?? 0} of ${width}`);
    return {
      training: this.#history,
      remarks: [...this.#remarks],
      facts: {
        [`${target} before`]: before,
        [`${target} after`]: after,
        kept,
        ...(layers.length > 0 && { channels: namesText(layers) }),
        ...(blocks && {
          blocks: `${blocks.dropped.length} of ${blocks.found} gone`,
          blocksGone: namesText(blocks.dropped.map(({ name }) => name)),
        }),
        ...(first && first.given.length > 0 && { given: first.given.join(' ') }),
      },
    };
  }
}

/** Epochs after each round: half of all, shared out, between the rounds, and the rest after the last. No round goes without. */
export function epochsPerRound(epochs: number, rounds: number): number[] {
  const count = Math.min(rounds, epochs);
  const between = count > 1 ? Math.max(1, Math.floor(epochs / 2 / (count - 1))) : 0;
  return Array.from({ length: count }, (_, round) => (round < count - 1 ? between : epochs - between * (count - 1)));
}

/** Channels by the layer's name; parts of a layer that hang together differently count together. */
function widthsOf(layers: PrunedChannels['layers'], which: 'before' | 'after'): Map<string, number> {
  const widths = new Map<string, number>();
  for (const layer of layers) widths.set(layer.name, (widths.get(layer.name) ?? 0) + layer[which]);
  return widths;
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 1000) / 10}%`;
}
