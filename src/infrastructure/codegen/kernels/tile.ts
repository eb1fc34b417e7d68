import {
  add,
  type Buffer,
  cast,
  dot,
  type Expr,
  lanes,
  local,
  mul,
  number,
  type Registers,
  range,
  register,
  registers,
  type ScalarType,
  type Statement,
  set,
  times,
} from '../loops/index.js';

/** How many sums a kernel keeps in registers: for `rows` places and `lanes` channels that lie together. */
export interface TileSize {
  readonly rows: number;
  readonly lanes: number;
}

/** Sums in registers: one for each of some places (rows) and some channels beside each other (lanes). */
export class Tile {
  readonly #sums: readonly Registers[];
  readonly #size: TileSize;
  readonly #type: ScalarType;

  constructor(size: TileSize, type: ScalarType) {
    this.#size = size;
    this.#type = type;
    this.#sums = Array.from({ length: size.rows }, (_, row) => registers(`sum${row}`, type, size.lanes));
  }

  /** Declares the sums and sets each to what it begins with. */
  begin(initial: (lane: Expr) => Expr): Statement[] {
    return [
      ...this.#sums.map((sum): Statement => ({ kind: 'registers', registers: sum })),
      ...lanes(0, this.#size.lanes, (lane) => this.#sums.map((sum) => set(sum, lane, initial(lane)))),
    ];
  }

  /** Adds a product of one factor for each row and one for each lane. */
  accumulate(rows: readonly Expr[], lane: (lane: Expr) => Expr): Statement[] {
    const named = (each: number, values: readonly Expr[]): Statement[] =>
      each === rows.length ? this.#products(values, lane) : local('x', rows[each], (value) => named(each + 1, [...values, value]));
    return named(0, []);
  }

  #products(rows: readonly Expr[], weight: (lane: Expr) => Expr): Statement[] {
    return lanes(0, this.#size.lanes, (lane) =>
      local('w', cast(this.#type, weight(lane)), (w) =>
        this.#sums.map((sum, row) => set(sum, lane, add(register(sum, lane), mul(rows[row], w)))),
      ),
    );
  }

  /** Adds, for each row, the products of two factors with the pair of integers that a lane has from `index` on. */
  accumulatePairs(rows: readonly (readonly [Expr, Expr])[], buffer: Buffer, index: (lane: Expr) => Expr): Statement[] {
    const named = (each: number, values: readonly Expr[]): Statement[] => {
      if (each < 2 * rows.length) return local('x', rows[each >> 1][each & 1], (value) => named(each + 1, [...values, value]));
      return lanes(0, this.#size.lanes, (lane) =>
        this.#sums.map((sum, row) =>
          set(sum, lane, add(register(sum, lane), dot([values[2 * row], values[2 * row + 1]], buffer, index(lane)))),
        ),
      );
    };
    return named(0, []);
  }

  /** Adds a product for each lane alone, the same way for each row: where channels do not meet. */
  accumulateLanes(rows: readonly ((lane: Expr) => Expr)[], weight: (lane: Expr) => Expr): Statement[] {
    return lanes(0, this.#size.lanes, (lane) =>
      local('w', cast(this.#type, weight(lane)), (w) =>
        this.#sums.map((sum, row) => set(sum, lane, add(register(sum, lane), mul(rows[row](lane), w)))),
      ),
    );
  }

  /** A sum as it is. */
  at(row: number, lane: Expr): Expr {
    return register(this.#sums[row], lane);
  }

  /** Hands each sum on. */
  finish(store: (row: number, lane: Expr, sum: Expr) => readonly Statement[]): Statement[] {
    return this.#sums.flatMap((sum, row) => lanes(0, this.#size.lanes, (lane) => store(row, lane, register(sum, lane))));
  }
}

/**
 * The number of lanes for some channels: at most `most`, a divisor of all of them where one is large enough, for a rest needs code of its own.
 */
export function lanesFor(channels: number, most: number): number {
  if (channels <= most) return channels;
  for (let size = most; size >= most / 2; size--) if (channels % size === 0 && size % 4 === 0) return size;
  return most;
}

/** Blocks of lanes over channels: those that are full in a loop, then the rest. */
export function blocks(channels: number, size: number, body: (block: Expr, lanes: number) => readonly Statement[]): Statement[] {
  const full = Math.floor(channels / size);
  const left = channels % size;
  const all = full === 1 ? [...body(number(0), size)] : overBlocks(full, size, body);
  return left === 0 ? all : [...all, ...body(number(full), left)];
}

/** Parts of the lanes of a block, about `most` at a time: a rest needs code of its own. @param body of the first lane of a part, and its lanes. */
export function parts(lanes: number, most: number, body: (first: Expr, lanes: number) => readonly Statement[]): Statement[] {
  if (lanes <= most) return [...body(number(0), lanes)];
  const part = [most, most + 1, most + 2, most - 1].find((size) => size > 0 && lanes % size === 0) ?? most;
  return blocks(lanes, part, (each, size) => body(times(each, part), size));
}

function overBlocks(full: number, size: number, body: (block: Expr, lanes: number) => readonly Statement[]): Statement[] {
  return range('block', 0, full, (block) => body(block, size));
}
