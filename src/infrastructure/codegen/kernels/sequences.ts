import {
  add,
  assign,
  binary,
  cast,
  type Expr,
  lanes,
  load,
  local,
  loop,
  min,
  minus,
  mul,
  mutable,
  number,
  read,
  register,
  registers,
  repeatWhile,
  type Statement,
  select,
  set,
  store,
  when,
} from '../loops/index.js';
import { like } from './elementwise.js';
import { orderOf, overLines } from './lines.js';
import type { KernelRule, NestContext } from './rule.js';

/** Sums, or products, of all elements up to each. */
function cumulative(step: (a: Expr, b: Expr) => Expr, begin: number): KernelRule {
  return {
    kind: 'nest',
    absorbs: true,
    emit: (context) => {
      const x = context.cheap(0);
      const { node } = context;
      const [given] = context.integers(1) ?? [0];
      const axis = (given + x.shape.length) % x.shape.length;
      const [exclusive, reverse] = [node.int('exclusive', 0) === 1, node.int('reverse', 0) === 1];
      const sink = context.output(0, { order: orderOf(x) });
      const sample = x.at(x.shape.map(() => number(0)));
      const size = x.shape[axis];
      const body = overLines(context, x, [axis], (line) => {
        const sums = registers('sums', sample.type, line.lanes);
        const one = (at: Expr, lane: Expr): Statement[] => {
          const indices = line.at(lane).map((each, other) => (other !== axis ? each : reverse ? minus(size - 1, at) : at));
          const next = set(sums, lane, step(register(sums, lane), x.at(indices)));
          const stored = sink.store(indices, register(sums, lane));
          return exclusive ? [...stored, next] : [next, ...stored];
        };
        return [
          { kind: 'registers', registers: sums },
          ...lanes(0, line.lanes, (lane) => [set(sums, lane, like(sample, begin))]),
          ...loop('i', size, (at) => lanes(0, line.lanes, (lane) => one(at, lane))),
        ];
      });
      context.emit(body);
    },
  };
}

/** The k best of each line, in order: each element moves up past those that it is better than. Of equal ones the first comes first. */
function topK(context: NestContext): void {
  const x = context.cheap(0);
  const { node } = context;
  const axis = (node.int('axis', -1) + x.shape.length) % x.shape.length;
  const better = node.int('largest', 1) === 1 ? 'gt' : 'lt';
  const [values, places] = [0, 1].map((index) => (index === 0 || context.wants(1) ? context.output(index) : undefined));
  const k = context.shape()[axis];
  if (k === 0) return;
  const kept = context.scratch('best', x.type, k);
  const places32 = context.scratch('places', 'i32', k);
  const body = overLines(context, x, [axis], (line) =>
    line.results((lane): Statement[] => {
      const at = (each: Expr) => line.at(lane).map((index, other) => (other === axis ? each : index));
      return [
        ...line.along(lane, (indices, place) =>
          local('each', x.at(indices), (each) =>
            mutable('to', 'i32', min(place, number(k)), (to) => {
              const before = minus(read(to), 1);
              const passes = select(binary('gt', read(to), number(0)), binary(better, each, load(kept, before)), number(0));
              const moved = [store(kept, read(to), load(kept, before)), store(places32, read(to), load(places32, before))];
              return [
                ...repeatWhile(passes, [...when(binary('lt', read(to), number(k)), moved), assign(to, before)]),
                ...when(binary('lt', read(to), number(k)), [store(kept, read(to), each), store(places32, read(to), place)]),
              ];
            }),
          ),
        ),
        ...loop('rank', k, (each) => [
          ...(values?.store(at(each), load(kept, each)) ?? []),
          ...(places?.store(at(each), cast('i64', load(places32, each))) ?? []),
        ]),
      ];
    }, false),
  );
  context.emit(body);
}

export const sequences: Readonly<Record<string, KernelRule>> = {
  CumProd: cumulative(mul, 1),
  CumSum: cumulative(add, 0),
  TopK: { kind: 'nest', absorbs: true, emit: topK },
};
