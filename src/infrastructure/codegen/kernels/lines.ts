import {
  add,
  assign,
  type Expr,
  lanes,
  local,
  loop,
  loops,
  mutable,
  number,
  plus,
  range,
  read,
  register,
  registers,
  type ScalarType,
  type Statement,
  set,
  times,
} from '../loops/index.js';
import { type Operand, storageOrder } from '../operands/index.js';
import type { NestContext } from './rule.js';
import { blocks, lanesFor } from './tile.js';

/** What gathers many numbers into one, in any order. */
export interface Fold {
  readonly begin: Expr;
  /** The gathered number with another. */
  readonly step: (sum: Expr, each: Expr) => Expr;
}

/** Partial sums of a line that lies together: another number of them gives other roundings, so that no schedule has a say. */
const PARTS = 8;
const NAMES = ['i', 'j', 'k', 'l', 'm', 'n'];

/**
 * The elements of a tensor along some axes, for a place along the others: what is reduced or normalized together. Where the axis that lies together in
 * memory is one of the others, some lines that lie beside each other are worked on at once, one a lane.
 */
export class Line {
  /** Lines beside each other. */
  readonly lanes: number;
  readonly #place: (lane: Expr) => readonly Expr[];
  readonly #axes: readonly number[];
  readonly #sizes: readonly number[];
  readonly #together: boolean;

  constructor(shape: readonly number[], axes: readonly number[], size: number, together: boolean, place: (lane: Expr) => readonly Expr[]) {
    this.lanes = size;
    this.#axes = axes;
    this.#sizes = axes.map((axis) => shape[axis]);
    this.#together = together;
    this.#place = place;
  }

  /** Elements of one line. */
  get length(): number {
    return this.#sizes.reduce((all, size) => all * size, 1);
  }

  /** Where the line is: its indices along the axes that it does not run along; 0 along those that it does. */
  at(lane: Expr): readonly Expr[] {
    return this.#place(lane);
  }

  /** Gathers a number of each element; `use` gets the result of each lane. */
  fold(
    fold: Fold,
    element: (indices: readonly Expr[], lane: Expr) => Expr,
    use: (of: (lane: Expr) => Expr) => readonly Statement[],
  ): Statement[] {
    const { type } = fold.begin;
    const size = this.#parts;
    if (this.lanes === 1 && size === 1)
      return mutable('sum', type, fold.begin, (sum) => [
        ...this.each((indices, lane) => [assign(sum, fold.step(read(sum), element(indices, lane)))]),
        ...use(() => read(sum)),
      ]);
    const sums = registers('sums', type, size);
    const body = this.#over((indices, lane, part) => [set(sums, part, fold.step(register(sums, part), element(indices, lane)))]);
    const begin: Statement[] = [{ kind: 'registers', registers: sums }, ...lanes(0, size, (part) => [set(sums, part, fold.begin)])];
    if (this.lanes > 1) return [...begin, ...body, ...use((lane) => register(sums, lane))];
    const parts = Array.from({ length: size }, (_, part): Expr => register(sums, part));
    return [...begin, ...body, ...local('sum', parts.reduce(fold.step), (sum) => use(() => sum))];
  }

  /** Names a number of each lane. */
  value(hint: string, of: (lane: Expr) => Expr, use: (of: (lane: Expr) => Expr) => readonly Statement[]): Statement[] {
    const first = of(number(0));
    if (this.lanes === 1) return local(hint, first, (value) => use(() => value));
    const all = registers(hint, first.type, this.lanes);
    return [
      { kind: 'registers', registers: all },
      ...lanes(0, this.lanes, (lane) => [set(all, lane, of(lane))]),
      ...use((lane) => register(all, lane)),
    ];
  }

  /** Runs for each element. */
  each(body: (indices: readonly Expr[], lane: Expr) => readonly Statement[]): Statement[] {
    return this.#over((indices, lane) => body(indices, lane));
  }

  /** Runs once for each lane. @param together whether lanes may run at once. */
  results(body: (lane: Expr) => readonly Statement[], together = true): Statement[] {
    return together ? lanes(0, this.lanes, (lane) => body(lane)) : loop('lane', this.lanes, body);
  }

  /** Runs for each element of one lane, in order. @param body of its indices, and its place in the line. */
  along(lane: Expr, body: (indices: readonly Expr[], place: Expr) => readonly Statement[]): Statement[] {
    return loops(NAMES, this.#sizes, (counts) => {
      const indices = this.#indices(counts, lane);
      return body(
        indices,
        this.#axes.reduce((sum, axis, each) => plus(times(sum, this.#sizes[each]), indices[axis]), number(0) as Expr),
      );
    });
  }

  /** A place of its own for each element of the lines that are worked on at once. */
  slot(indices: readonly Expr[], lane: Expr): Expr {
    const at = this.#axes.reduce((sum, axis, each) => plus(times(sum, this.#sizes[each]), indices[axis]), number(0) as Expr);
    return plus(times(at, this.lanes), lane);
  }

  /** Partial sums: more than one where a single line is long and lies together. */
  get #parts(): number {
    if (this.lanes > 1) return this.lanes;
    return this.#together && (this.#sizes.at(-1) ?? 0) >= 2 * PARTS ? PARTS : 1;
  }

  #indices(counts: readonly Expr[], lane: Expr): Expr[] {
    const indices = [...this.#place(lane)];
    this.#axes.forEach((axis, each) => {
      indices[axis] = counts[each];
    });
    return indices;
  }

  #over(body: (indices: readonly Expr[], lane: Expr, part: Expr) => readonly Statement[]): Statement[] {
    const indicesOf = (counts: readonly Expr[], lane: Expr) => this.#indices(counts, lane);
    if (this.lanes > 1)
      return loops(NAMES, this.#sizes, (counts) => lanes(0, this.lanes, (lane) => body(indicesOf(counts, lane), lane, lane)));
    const parts = this.#parts;
    if (parts === 1) return loops(NAMES, this.#sizes, (counts) => body(indicesOf(counts, number(0)), number(0), number(0)));
    const last = this.#sizes[this.#sizes.length - 1];
    const full = Math.floor(last / parts);
    return loops(NAMES, this.#sizes.slice(0, -1), (counts) => [
      ...loop('block', full, (block) =>
        lanes(0, parts, (part) => body(indicesOf([...counts, plus(times(block, parts), part)], number(0)), number(0), part)),
      ),
      ...range('i', full * parts, last, (i) => body(indicesOf([...counts, i], number(0)), number(0), number(0))),
    ]);
  }
}

/** Runs a body for each line of a tensor along some axes, in the order in which elements lie in memory. */
export function overLines(
  { tiling }: Pick<NestContext, 'tiling'>,
  x: Operand,
  axes: readonly number[],
  body: (line: Line) => readonly Statement[],
): Statement[] {
  const { shape } = x;
  const order = orderOf(x);
  const innermost = order.filter((axis) => shape[axis] > 1).at(-1) ?? shape.length - 1;
  const along = order.filter((axis) => axes.includes(axis));
  const across = order.filter((axis) => !axes.includes(axis));
  const beside = across.includes(innermost);
  const outer = beside ? across.filter((axis) => axis !== innermost) : across;
  return loops(
    NAMES.slice().reverse(),
    outer.map((axis) => shape[axis]),
    (counts) => {
      const place = (last: Expr) =>
        shape.map((_, axis) => (beside && axis === innermost ? last : outer.includes(axis) ? counts[outer.indexOf(axis)] : number(0)));
      if (!beside) return body(new Line(shape, along, 1, true, () => place(number(0))));
      const size = lanesFor(shape[innermost], tiling('lines').lanes);
      return blocks(shape[innermost], size, (block, wide) =>
        body(new Line(shape, along, wide, false, (lane) => place(plus(times(block, size), lane)))),
      );
    },
  );
}

/** Axes as elements lie in memory, the one that lies together last; as they are, where they are computed. */
export function orderOf({ shape, stored }: Operand): number[] {
  return stored ? storageOrder(shape, stored.strides) : shape.map((_, axis) => axis);
}

/** A sum in the type of its elements. */
export function sumOf(type: ScalarType): Fold {
  return {
    begin: number(type === 'i64' || type === 'u64' ? 0n : 0, type),
    step: add,
  };
}
