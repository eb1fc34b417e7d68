/*
 * How much a small file may ask for. Whatever grows from something that was read (archives that unpack, sparse tensors that become dense, functions
 * that are written out, constants that are computed) is bounded here, and nowhere else: relative to what was read, so that large honest files
 * pass, with a floor below which nobody minds, and a ceiling that no machine should be asked for unawares.
 */

/** What something may grow to, in the unit of what it grows from. */
export interface GrowthLimit {
  /** Always allowed. */
  readonly floor: number;
  /** Allowed beyond the floor, as a multiple of what it grows from. */
  readonly ratio: number;
  /** Never exceeded. */
  readonly ceiling: number;
}

/** Bytes of data that is unpacked into memory (.gz, .npz): of what deflate can do at best, 1032 times, honest data reaches a tenth. */
export const UNPACKED_IN_MEMORY: GrowthLimit = { floor: 64e6, ratio: 100, ceiling: 2 ** 32 };
/** Bytes of data that is unpacked to the disk (.tar.gz). */
export const UNPACKED_ON_DISK: GrowthLimit = { floor: 1e9, ratio: 100, ceiling: 16 * 2 ** 30 };
/** Bytes of a model's sparse tensors once dense, all together, by those of what they are stored as. */
export const DENSE: GrowthLimit = { floor: 32e6, ratio: 32, ceiling: 2 ** 32 };
/** Nodes of a model once its functions are written out, by the nodes of its file. */
export const WRITTEN_OUT: GrowthLimit = { floor: 20_000, ratio: 100, ceiling: 2_000_000 };
/** Nodes that are looked at to infer the types of a graph, by its nodes: loops' bodies are looked at more than once. */
export const INFERRED: GrowthLimit = { floor: 20_000, ratio: 30, ceiling: 100_000_000 };
/** Bytes of a value that is computed from constants alone, by the bytes of all constants of the model. */
export const COMPUTED: GrowthLimit = { floor: 64e6, ratio: 16, ceiling: 2 ** 33 };
/** Fields and numbers that are read of a TensorFlow Lite model's structure, by the bytes of its file: tables may be pointed at many times. */
export const MOST_PARSED: GrowthLimit = { floor: 1e6, ratio: 2, ceiling: 2 ** 28 };
/** Cells of a table of records, those that a record lacks included, by its bytes. */
export const CELLS: GrowthLimit = { floor: 10e6, ratio: 8, ceiling: 2 ** 32 };

/** Functions that call functions deeper than this are no honest model. */
export const DEEPEST_CALLS = 64;
/** Most dimensions of a tensor that are followed. */
export const MOST_DIMENSIONS = 64;
/** Most pixels of an image: 8 bytes a pixel are taken while it is decoded. */
export const MOST_PIXELS = 2 ** 26;
/** Longest cell of a table, in characters. */
export const LONGEST_CELL = 1_000_000;
/** Most columns of a table whose columns have kinds of their own. */
export const MOST_COLUMNS = 100_000;
/** Longest name in an archive, in bytes, and what a header that describes an entry may take. */
export const LONGEST_HEADER = 1_000_000;
/** Most bytes of a JSON document that describes something: a front, a card, a recipe. */
export const LONGEST_JSON = 64e6;

/** What may become of `size` under a limit. */
export function allowed({ floor, ratio, ceiling }: GrowthLimit, size: number): number {
  return Math.min(ceiling, Math.max(floor, ratio * size));
}
