import { type LoweredGraph, lowerGraph, planMemory, structureOf, type Tiling, type Tilings } from '../../codegen/index.js';
import { medianInterval, quantile } from '../../hardware/index.js';
import { languages, type Program } from '../../targets/index.js';
import { Descent } from '../descent.js';
import { type KernelShape, kernelsOf, shapesOf, tilingsOfNodes } from '../shapes.js';
import type { TunedKernel } from '../table.js';
import { Measuring } from './bench.js';
import { Clock, ROUNDS } from './clock.js';
import type { TuneRequest } from './request.js';

/** Rounds in which the best is held against the usual one, where there is time for so many. */
const FINAL_ROUNDS = 31;
/** A kernel is kept where it is faster beyond chance, and by this much. */
const GAIN = 0.98;

/** A shape whose fastest tiling is not known yet. */
interface Open {
  readonly shape: KernelShape;
  readonly descent: Descent;
  /** Times over the usual one's, by the structure that a tiling makes. */
  readonly ratios: Map<string, number>;
  /** Nanoseconds of one of its kernels in the usual tiling. */
  usual?: number;
}

/** A program in which each kernel has one of its tilings. */
interface Candidate extends Program {
  readonly lowered: LoweredGraph;
  readonly tilings: Tilings;
  /** The structures of open shapes that it is there to measure. */
  readonly wanted: ReadonlyMap<Open, string>;
}

/** How the whole program does beside the one that was there before. */
export interface Gain {
  readonly ratio: number;
  readonly interval: readonly [number, number];
}

export interface Found {
  readonly tilings: Tilings;
  readonly kernels: ReadonlyMap<string, TunedKernel>;
  readonly gain?: Gain;
  readonly complete: boolean;
}

/** The search for the fastest tilings of all kernels of a model at once. */
export class Search {
  readonly #request: TuneRequest;
  readonly #known: ReadonlyMap<string, TunedKernel>;
  readonly #open: readonly Open[];
  readonly #measuring: Measuring;
  readonly #clock: Clock;
  /** Each kernel in the tiling that was known before, or the usual one. */
  readonly #base: Candidate;
  readonly shapes: readonly KernelShape[];

  constructor(request: TuneRequest, known: ReadonlyMap<string, TunedKernel>) {
    this.#request = request;
    this.#known = known;
    const usual = lowerGraph(request.model, languages[request.target].schedule);
    this.shapes = shapesOf(usual);
    this.#open = this.shapes
      .filter(({ key }) => known.get(key)?.unfinished ?? !known.has(key))
      .map((shape) => {
        const { tiling, ratio = 1 } = known.get(shape.key) ?? {};
        const descent = new Descent(shape.kind, shape.usual, tiling && { tiling, ratio });
        return { shape, descent, ratios: new Map([[structureOf(kernelsOf(shape, usual)), 1]]) };
      });
    this.#base = this.#candidate(() => undefined);
    this.#measuring = new Measuring(request.target, request.feeds);
    this.#clock = new Clock(request.budget, request.onProgress);
  }

  get tried(): number {
    return this.#open.reduce((sum, { ratios }) => sum + ratios.size - 1, 0);
  }

  get seconds(): number {
    return this.#clock.seconds;
  }

  /** @throws Stopped when aborted. */
  async run(): Promise<Found> {
    let complete = false;
    for (;;) {
      const offers = this.#open.map((open) => ({ open, tilings: open.descent.next() })).filter(({ tilings }) => tilings.length > 0);
      complete = offers.length === 0;
      if (complete) break;
      const { candidates, structures } = this.#candidates(offers);
      const some = candidates.slice(0, this.#clock.programs(candidates.length));
      if (candidates.length > 0 && some.length === 0) break;
      if (some.length > 0) await this.#measure(some);
      for (const { open, tilings } of offers) {
        const told = tilings.map((tiling) => ({ tiling, ratio: open.ratios.get(structures.get(tiling) ?? '') }));
        open.descent.tell(told.flatMap(({ tiling, ratio }) => (ratio === undefined ? [] : [{ tiling, ratio }])));
      }
    }
    return { ...(await this.#settle(complete)), complete };
  }

  #candidate(choose: (open: Open) => Tiling | undefined, wanted: Candidate['wanted'] = new Map()): Candidate {
    const { model, target } = this.#request;
    const opens = new Map(this.#open.map((open) => [open.shape, open]));
    const tilings = tilingsOfNodes(this.shapes, (shape) => {
      const open = opens.get(shape);
      return open ? choose(open) : this.#known.get(shape.key)?.tiling;
    });
    const lowered = lowerGraph(model, languages[target].schedule, tilings);
    return { lowered, plan: planMemory(lowered.kernels), tilings, wanted };
  }

  /** Programs of the first tilings that are offered, of the second, and so on, without those that make nothing new. */
  #candidates(offers: readonly { readonly open: Open; readonly tilings: readonly Tiling[] }[]) {
    const structures = new Map<Tiling, string>();
    const seen = new Set<string>();
    const candidates: Candidate[] = [];
    for (let turn = 0; turn < Math.max(...offers.map(({ tilings }) => tilings.length)); turn++) {
      const chosen = new Map(offers.flatMap(({ open, tilings }) => (turn < tilings.length ? [[open, tilings[turn]] as const] : [])));
      const wanted = new Map<Open, string>();
      const made = this.#candidate((open) => chosen.get(open) ?? open.descent.best, wanted);
      for (const [open, tiling] of chosen) {
        const structure = structureOf(kernelsOf(open.shape, made.lowered));
        structures.set(tiling, structure);
        const name = `${open.shape.key} ${structure}`;
        if (!open.ratios.has(structure) && !seen.has(name)) wanted.set(open, structure);
        seen.add(name);
      }
      if (wanted.size > 0) candidates.push(made);
    }
    return { candidates, structures };
  }

  async #measure(candidates: readonly Candidate[]): Promise<void> {
    const since = this.seconds;
    const [base, ...others] = await this.#kernels([this.#base, ...candidates], ROUNDS);
    for (const [index, { wanted }] of candidates.entries()) {
      for (const [open, structure] of wanted) {
        const place = this.#open.indexOf(open);
        open.usual = base[place].time / open.shape.nodes.length;
        open.ratios.set(structure, quantile(others[index][place].ratios, 0.5));
      }
    }
    const turns = Math.max(...this.#open.map(({ descent }) => descent.turns));
    this.#clock.took(candidates.length + 1, since, turns * 3, { kernels: this.#open.length, tried: this.tried });
  }

  /** Times of the open shapes, by program. */
  #kernels(programs: readonly Candidate[], rounds: number) {
    const given = programs.map((program) => ({
      program,
      groups: this.#open.map(({ shape }) => kernelsOf(shape, program.lowered).map((kernel) => program.plan.kernels.indexOf(kernel))),
    }));
    return this.#measuring.kernels(given, { rounds, signal: this.#request.signal, onStep: this.#clock.tick });
  }

  /** What wins once it is measured again by itself: each kernel beside the usual one, and all together. Nothing does where there is no time for that. */
  async #settle(complete: boolean): Promise<Omit<Found, 'complete'>> {
    const better = this.#open.filter(({ descent, shape }) => descent.best !== shape.usual);
    const ratios = new Map<Open, number>();
    if (better.length > 0 && !this.#clock.isOver) {
      const best = this.#candidate(({ descent }) => descent.best);
      const [usual, tuned] = await this.#kernels([this.#base, best], this.#clock.rounds(FINAL_ROUNDS, 0.5));
      for (const open of better) {
        const place = this.#open.indexOf(open);
        const ratio = quantile(tuned[place].ratios, 0.5);
        open.usual = usual[place].time / open.shape.nodes.length;
        if (ratio < GAIN && medianInterval(tuned[place].ratios).high < 1) ratios.set(open, ratio);
      }
    }
    const tuned = this.#candidate((open) => (ratios.has(open) ? open.descent.best : undefined));
    const gain = ratios.size > 0 ? await this.#gain(tuned) : undefined;
    const isKept = gain !== undefined && gain.interval[1] < 1;
    if (!isKept) ratios.clear();
    const entries = this.#open.map((open): [string, TunedKernel] => {
      const entry = this.#entry(open, ratios.get(open));
      return [open.shape.key, complete ? entry : { ...entry, unfinished: true }];
    });
    const kernels = new Map(entries);
    return { tilings: (isKept ? tuned : this.#base).tilings, kernels, ...(isKept && { gain }) };
  }

  async #gain(tuned: Candidate): Promise<Gain> {
    const options = { rounds: this.#clock.rounds(FINAL_ROUNDS, 1), signal: this.#request.signal, onStep: this.#clock.tick };
    const [, { ratios }] = await this.#measuring.wholes([this.#base, tuned], options);
    const { low, high } = medianInterval(ratios);
    return { ratio: quantile(ratios, 0.5), interval: [low, high] };
  }

  #entry({ shape, descent, ratios, usual }: Open, ratio: number | undefined): TunedKernel {
    return {
      kernel: shape.title,
      ...(ratio !== undefined && { tiling: descent.best }),
      ...(usual !== undefined && { usual: rounded(usual / 1000) }),
      ratio: ratio === undefined ? 1 : rounded(ratio),
      tried: ratios.size - 1,
    };
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
