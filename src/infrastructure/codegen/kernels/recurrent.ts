import type { Value } from '../../../onnx/index.js';
import {
  add,
  type Buffer,
  binary,
  cast,
  type Expr,
  load,
  local,
  loop,
  max,
  min,
  minus,
  mul,
  number,
  plus,
  type ScalarType,
  type Statement,
  scalarOf,
  store,
  sub,
  when,
} from '../loops/index.js';
import type { Operand } from '../operands/index.js';
import { like } from './elementwise.js';
import { activationsOf } from './recurrent-activations.js';
import { rowsOf, sumsOf } from './recurrent-weights.js';
import type { KernelRule, NestContext } from './rule.js';

/** One direction of a recurrent operator: everything that a step is made of. */
interface Cell {
  readonly context: NestContext;
  readonly direction: number;
  readonly hidden: number;
  readonly type: ScalarType;
  /** The hidden state, and an LSTM's cell state. */
  readonly states: readonly Buffer[];
  readonly clip: (x: Expr) => Expr;
}

/** A step: statements that run before the first, and those of each, given an input's elements. Leaves the new states in their buffers. */
interface Step {
  readonly before: readonly Statement[];
  readonly run: (x: (k: Expr) => Expr) => Statement[];
}

type Make = (cell: Cell) => Step;

function recurrent(states: number, make: Make): KernelRule {
  return {
    kind: 'nest',
    emit: (context) => {
      const { node } = context;
      const x = context.stored(0);
      const batchFirst = node.int('layout', 0) === 1;
      const [length, batch] = batchFirst ? [x.shape[1], x.shape[0]] : [x.shape[0], x.shape[1]];
      const [directions, , hidden] = context.input(2).shape;
      const type = scalarOf(x.type);
      const name = node.string('direction', 'forward');
      const clip = node.float('clip', 0);
      const sinks = [0, 1, 2].slice(0, states + 1).map((index) => (context.wants(index) ? context.output(index) : undefined));
      const initial = Array.from({ length: states }, (_, state) => (context.has(5 + state) ? context.cheap(5 + state) : undefined));
      const lengths = lengthsOf(context, length);
      const place = (n: Expr, direction: number, unit: Expr) => (batchFirst ? [n, number(direction), unit] : [number(direction), n, unit]);
      const macs = batch * length * directions * context.input(1).shape[1] * (context.input(1).shape[2] + hidden);
      const body = Array.from({ length: directions }, (_, direction): Statement[] => {
        const buffers = Array.from({ length: states }, (_state, each) => context.scratch(each === 0 ? 'hidden' : 'cell', x.type, hidden));
        const clipped = (each: Expr) => (clip > 0 ? max(like(each, -clip), min(like(each, clip), each)) : each);
        const cell = { context, direction, hidden, type, states: buffers, clip: clipped };
        const step = make(cell);
        const backwards = name === 'reverse' || direction === 1;
        const each = (n: Expr, count: Expr) =>
          loop('t', length, (t) => {
            const at = backwards ? minus(sub(count, number(1)), t) : t;
            const sequence = (time: Expr, unit: Expr) =>
              batchFirst ? [n, time, number(direction), unit] : [time, number(direction), n, unit];
            const output = (time: Expr, value: (unit: Expr) => Expr) =>
              sinks[0] ? loop('unit', hidden, (unit) => sinks[0]?.store(sequence(time, unit), value(unit)) ?? []) : [];
            const runs = local('at', at, (time) => [
              ...step.run((k) => x.at(batchFirst ? [n, time, k] : [time, n, k])),
              ...output(time, (unit) => load(buffers[0], unit)),
            ]);
            return when(
              binary('lt', t, count),
              runs,
              output(t, () => number(0, type)),
            );
          });
        return [
          ...step.before,
          ...loop('n', batch, (n) => [
            ...buffers.flatMap((buffer, state) =>
              loop('unit', hidden, (unit) => [store(buffer, unit, initial[state]?.at(place(n, direction, unit)) ?? number(0, type))]),
            ),
            ...(lengths ? local('count', lengths(n), (count) => each(n, count)) : each(n, number(length))),
            ...buffers.flatMap((buffer, state) =>
              sinks[state + 1]
                ? loop('unit', hidden, (unit) => sinks[state + 1]?.store(place(n, direction, unit), load(buffer, unit)) ?? [])
                : [],
            ),
          ]),
        ];
      }).flat();
      context.emit(body, { macs });
    },
  };
}

/** The length of each sequence, where they are not all whole. */
function lengthsOf(context: NestContext, length: number): ((n: Expr) => Expr) | undefined {
  if (
    !context.has(4) ||
    context
      .constant(4)
      ?.numbers()
      .every((each) => each === length)
  )
    return undefined;
  const lengths = context.cheap(4);
  return (n) => max(number(0), min(number(length), cast('i32', lengths.at([n]))));
}

/** The two biases of rows of a direction, added or apart; 0 where there is none. */
function biasOf(
  { context, direction, type }: Cell,
  gates: number,
  first: number,
): { both: (row: Expr) => Expr; each: (half: 0 | 1) => (row: Expr) => Expr } {
  const none = () => number(0, type);
  if (!context.has(3)) return { both: none, each: () => none };
  const operand: Operand = context.cheap(3);
  const each = (half: 0 | 1) => (row: Expr) => operand.at([number(direction), plus(row, half * gates + first)]);
  const { constant } = operand;
  if (!constant) return { both: (row) => add(each(0)(row), each(1)(row)), each };
  const values = constant.numbers();
  const start = direction * 2 * gates;
  const sums = Float64Array.from({ length: gates - first }, (_, row) => values[start + first + row] + values[start + gates + first + row]);
  const table = context.constantBuffer(
    `${context.node.op}_bias`,
    type === 'f64' ? 'f64' : 'f32',
    type === 'f64' ? sums : Float32Array.from(sums),
  );
  return { both: (row) => load(table, row), each };
}

/** H = f(W x + R h + b). */
const rnn: Make = (cell) => {
  const { context, direction, hidden, type, states, clip } = cell;
  const { node } = context;
  const [f] = activationsOf(context, direction, ['Tanh']);
  const [w, r] = [node.inputs[1] as Value, node.inputs[2] as Value].map((value) => rowsOf(context, value, direction, 0, hidden));
  const sums = context.scratch('sums', states[0].type, hidden);
  const bias = biasOf(cell, hidden, 0);
  return {
    before: [...w.before, ...r.before],
    run: (x) => [
      ...sumsOf(
        hidden,
        type,
        [
          { rows: w, factor: x },
          { rows: r, factor: (k) => load(states[0], k) },
        ],
        bias.both,
        (row, sum) => [store(sums, row, sum)],
      ),
      ...loop('unit', hidden, (unit) => [store(states[0], unit, f(clip(load(sums, unit))))]),
    ],
  };
};

/** Gates in the order of input, output, forget and cell, as their rows stand. */
const lstm: Make = (cell) => {
  const { context, direction, hidden, type, states, clip } = cell;
  const { node } = context;
  const [state, memory] = states;
  const [f, g, h] = activationsOf(context, direction, ['Sigmoid', 'Tanh', 'Tanh']);
  const count = 4 * hidden;
  const [w, r] = [node.inputs[1] as Value, node.inputs[2] as Value].map((value) => rowsOf(context, value, direction, 0, count));
  const sums = context.scratch('gates', state.type, count);
  const bias = biasOf(cell, count, 0);
  const peepholes = context.has(7) ? context.cheap(7) : undefined;
  const forgets = node.int('input_forget', 0) === 1;
  const gate = (place: number, unit: Expr, seen: Expr) => {
    const sum = load(sums, plus(unit, place * hidden));
    const peep = peepholes && place < 3 ? peepholes.at([number(direction), plus(unit, place * hidden)]) : undefined;
    return clip(peep ? add(sum, mul(peep, seen)) : sum);
  };
  return {
    before: [...w.before, ...r.before],
    run: (x) => [
      ...sumsOf(
        count,
        type,
        [
          { rows: w, factor: x },
          { rows: r, factor: (k) => load(state, k) },
        ],
        bias.both,
        (row, sum) => [store(sums, row, sum)],
      ),
      ...loop('unit', hidden, (unit) =>
        local('before', load(memory, unit), (before) =>
          local('input', f(gate(0, unit, before)), (input) =>
            local('forget', forgets ? sub(like(input, 1), input) : f(gate(2, unit, before)), (forget) =>
              local('now', add(mul(forget, before), mul(input, g(gate(3, unit, before)))), (now) => [
                store(memory, unit, now),
                store(state, unit, mul(f(gate(1, unit, now)), h(now))),
              ]),
            ),
          ),
        ),
      ),
    ],
  };
};

/** Gates in the order of update, reset and hidden, as their rows stand. */
const gru: Make = (cell) => {
  const { context, direction, hidden, type, states, clip } = cell;
  const { node } = context;
  const [state] = states;
  const [f, g] = activationsOf(context, direction, ['Sigmoid', 'Tanh']);
  const [weight, recurrence] = [node.inputs[1] as Value, node.inputs[2] as Value];
  const before = node.int('linear_before_reset', 0) !== 0;
  const [w, r] = [weight, recurrence].map((value) => rowsOf(context, value, direction, 0, 2 * hidden));
  const [wh, rh] = [weight, recurrence].map((value) => rowsOf(context, value, direction, 2 * hidden, hidden));
  const gates = context.scratch('gates', state.type, 2 * hidden);
  const inner = context.scratch('inner', state.type, hidden);
  const reset = context.scratch('reset', state.type, hidden);
  const bias = biasOf(cell, 3 * hidden, 0);
  const biasOfHidden = biasOf(cell, 3 * hidden, 2 * hidden);
  const gate = (place: number, unit: Expr) => f(clip(load(gates, plus(unit, place * hidden))));
  const fromState = { rows: rh, factor: (k: Expr) => load(state, k) };
  const into = (buffer: Buffer) => (row: Expr, sum: Expr) => [store(buffer, row, sum)];
  const candidate: (x: (k: Expr) => Expr) => Statement[] = before
    ? (x) => [
        ...sumsOf(hidden, type, [fromState], biasOfHidden.each(1), into(reset)),
        ...sumsOf(hidden, type, [{ rows: wh, factor: x }], biasOfHidden.each(0), into(inner)),
        ...loop('unit', hidden, (unit) => [store(inner, unit, add(load(inner, unit), mul(gate(1, unit), load(reset, unit))))]),
      ]
    : (x) => [
        ...loop('unit', hidden, (unit) => [store(reset, unit, mul(gate(1, unit), load(state, unit)))]),
        ...sumsOf(
          hidden,
          type,
          [
            { rows: wh, factor: x },
            { rows: rh, factor: (k) => load(reset, k) },
          ],
          biasOfHidden.both,
          into(inner),
        ),
      ];
  return {
    before: [...w.before, ...r.before, ...wh.before, ...rh.before],
    run: (x) => [
      ...sumsOf(
        2 * hidden,
        type,
        [
          { rows: w, factor: x },
          { rows: r, factor: (k) => load(state, k) },
        ],
        bias.both,
        into(gates),
      ),
      ...candidate(x),
      ...loop('unit', hidden, (unit) =>
        local('update', gate(0, unit), (update) =>
          local('next', g(clip(load(inner, unit))), (next) => [
            store(state, unit, add(mul(sub(like(update, 1), update), next), mul(update, load(state, unit)))),
          ]),
        ),
      ),
    ],
  };
};

export const recurrents: Readonly<Record<string, KernelRule>> = {
  GRU: recurrent(1, gru),
  LSTM: recurrent(2, lstm),
  RNN: recurrent(1, rnn),
};
