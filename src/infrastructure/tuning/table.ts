import { z } from 'zod';
import { OptionError } from '../../base/index.js';
import { isUsable, type Tiling } from '../codegen/index.js';

/** Where times were measured: they hold for nothing else. */
export interface Bench {
  /** Language of the code: "c". */
  readonly target: string;
  /** The compiler and its flags, or the engine, with its version. */
  readonly engine: string;
  readonly processor: string;
}

/** What was found of one kernel by its shape. */
export interface TunedKernel {
  /** What it computes, for people; the table is searched by key. */
  readonly kernel: string;
  /** The fastest tiling; absent where the usual one is, or another wins by no more than noise. */
  readonly tiling?: Tiling;
  /** Microseconds of a run in the usual tiling; absent where there is only one way. */
  readonly usual?: number;
  /** Time in the fastest tiling over that in the usual one: 1 where that is the fastest. */
  readonly ratio: number;
  /** Tilings that were measured. */
  readonly tried: number;
  /** Whether the time ended before the search did: another goes on from here. */
  readonly unfinished?: true;
}

/** Kernels that were measured, by bench and by key. */
export class ScheduleTable {
  readonly #benches: readonly { readonly bench: Bench; readonly kernels: Map<string, TunedKernel> }[];

  constructor(benches: readonly { readonly bench: Bench; readonly kernels: Map<string, TunedKernel> }[] = []) {
    this.#benches = benches;
  }

  /** What was measured on a bench, by key. */
  of(bench: Bench): ReadonlyMap<string, TunedKernel> {
    return this.#benches.find((each) => isSame(each.bench, bench))?.kernels ?? new Map();
  }

  /** A table that has more, or other, kernels of a bench. */
  with(bench: Bench, kernels: ReadonlyMap<string, TunedKernel>): ScheduleTable {
    const others = this.#benches.filter((each) => !isSame(each.bench, bench));
    return new ScheduleTable([...others, { bench, kernels: new Map([...this.of(bench), ...kernels]) }]);
  }

  /** As a file holds it. */
  toJSON(): object {
    return { schema: SCHEMA, benches: this.#benches.map(({ bench, kernels }) => ({ ...bench, kernels: Object.fromEntries(kernels) })) };
  }
}

const SCHEMA = 'espalier/schedules@1';
/** Longest text of a table. */
const LONGEST = 1000;

const text = z.string().max(LONGEST);
const tilingSchema = z
  .strictObject({
    rows: z.int().min(1).max(16),
    lanes: z.int().min(4).max(64).multipleOf(4),
    order: z.enum(['channels', 'rows', 'places']),
    unroll: z.int().min(1).max(16),
  })
  .refine(isUsable, 'rows times lanes are more sums than any processor has registers for');
const kernelSchema = z.strictObject({
  kernel: text,
  tiling: tilingSchema.optional(),
  usual: z.number().min(0).optional(),
  ratio: z.number().positive(),
  tried: z.int().min(0),
  unfinished: z.literal(true).optional(),
});
const tableSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  benches: z.array(z.strictObject({ target: text, engine: text, processor: text, kernels: z.record(text, kernelSchema) })),
});

/**
 * A table as a file holds it.
 * @param where the file, for errors. @throws OptionError naming the field that is wrong.
 */
export function parseScheduleTable(json: unknown, where: string): ScheduleTable {
  const { data, error } = tableSchema.safeParse(json);
  if (!data) {
    const [{ message, path }] = error.issues;
    throw new OptionError({
      what: `The file is no table of schedules: ${message}`,
      where: path.length > 0 ? `${where}, field "${path.join('.')}"` : where,
      fix: 'Name another file, or delete this one and have it measured anew with --tune.',
    });
  }
  return new ScheduleTable(data.benches.map(({ kernels, ...bench }) => ({ bench, kernels: new Map(Object.entries(kernels)) })));
}

function isSame(a: Bench, b: Bench): boolean {
  return a.target === b.target && a.engine === b.engine && a.processor === b.processor;
}
