import type { Node } from '../../../onnx/index.js';
import { type Layout, range } from '../layout.js';
import type { ReadContext } from '../reading/context.js';
import type { WriteContext } from '../writing/context.js';
import { numbersOf } from '../writing/values.js';
import type { Family } from './entry.js';

/** To the end, whatever the size. */
const END = 2 ** 31 - 1;

function readSlice(context: ReadContext): void {
  const rank = context.rank(0);
  const layout = context.layoutOf(0);
  const begins = context.integers(1, 'The begins');
  const sizes = context.integers(2, 'The sizes');
  if (begins.length !== rank || sizes.length !== rank)
    context.fail('Begins and sizes do not fit the data', `${rank} of each`, `${begins.length} and ${sizes.length}`);
  const ends = begins.map((begin, axis) => (sizes[axis] === -1 ? END : begin + sizes[axis]));
  context.output(
    sliced(
      context,
      layout,
      begins,
      ends,
      begins.map(() => 1),
    ),
    layout,
  );
}

function sliced(context: ReadContext, layout: Layout, begins: readonly number[], ends: readonly number[], steps: readonly number[]) {
  const { build } = context;
  const by = (numbers: readonly number[]) => build.ints(context.byAxis(layout, numbers));
  return context.op('Slice', [context.real(0, layout), by(begins), by(ends), build.ints(range(begins.length)), by(steps)]);
}

/** Begins, ends and steps may be for fewer axes, for "all between" (ellipsis) and for axes that are made or taken away. */
function readStrided(context: ReadContext): void {
  const options = context.options('StridedSliceOptions');
  const [begin, end, step] = [context.integers(1, 'The begins'), context.integers(2, 'The ends'), context.integers(3, 'The steps')];
  const rank = context.rank(0);
  if (end.length !== begin.length || step.length !== begin.length || step.includes(0))
    context.fail('Begins, ends and steps do not fit together');
  const has = (mask: number, index: number) => (mask & (1 << index)) !== 0;
  const made = range(begin.length).filter((index) => has(options.newAxisMask, index)).length;
  const between = range(begin.length).some((index) => has(options.ellipsisMask, index)) ? 1 : 0;
  const open = rank - (begin.length - made - between);
  if (open < 0) context.fail('There are more begins than axes', `at most ${rank}`, `${begin.length - made - between}`);
  const begins: number[] = [];
  const ends: number[] = [];
  const steps: number[] = [];
  const gone: number[] = [];
  const added: number[] = [];
  let result = 0;
  const whole = () => {
    begins.push(0);
    ends.push(END);
    steps.push(1);
    result++;
  };
  for (const index of range(begin.length)) {
    if (has(options.ellipsisMask, index)) range(open).forEach(whole);
    else if (has(options.newAxisMask, index)) added.push(result++);
    else if (has(options.shrinkMask, index)) {
      gone.push(begins.length);
      begins.push(begin[index]);
      ends.push(begin[index] === -1 ? END : begin[index] + 1);
      steps.push(1);
    } else {
      const down = step[index] < 0;
      const to = options.offset ? begin[index] + end[index] : end[index];
      begins.push(has(options.beginMask, index) ? (down ? END : 0) : begin[index]);
      ends.push(has(options.endMask, index) ? (down ? -END : END) : to);
      steps.push(step[index]);
      result++;
    }
  }
  while (begins.length < rank) whole();
  const layout: Layout = gone.length + added.length === 0 ? context.layoutOf(0) : 'own';
  const part = sliced(context, layout, begins, ends, steps);
  const without = gone.length > 0 ? context.build.op('Squeeze', [part, context.build.ints(gone)]) : part;
  context.output(added.length > 0 ? context.build.op('Unsqueeze', [without, context.build.ints(added)]) : without, layout);
}

function readPad(context: ReadContext, mode: 'constant' | 'reflect' | 'edge'): void {
  const rank = context.rank(0);
  const layout = context.layoutOf(0);
  const pads = context.integers(1, 'The pads');
  if (pads.length !== 2 * rank || pads.some((pad) => pad < 0))
    context.fail('The pads do not fit the data', `2 of 0 or more for each of ${rank} axes`, `[${pads}]`);
  const side = (which: number) =>
    context.byAxis(
      layout,
      range(rank).map((axis) => pads[2 * axis + which]),
    );
  const value = mode === 'constant' && context.has(2) ? context.real(2) : undefined;
  const scalar = value && context.rank(2) > 0 ? context.build.op('Squeeze', [value]) : value;
  const made = context.op('Pad', [context.real(0, layout), context.build.ints([...side(0), ...side(1)]), scalar], { mode });
  context.output(made, layout);
}

/** SYMMETRIC repeats the border itself: for one place that is what "edge" does. */
function readMirror(context: ReadContext): void {
  const isSymmetric = context.options('MirrorPadOptions').mode === 1;
  if (isSymmetric && context.integers(1, 'The pads').some((pad) => pad > 1))
    context.refuse('it mirrors the border itself (SYMMETRIC) over more than one place');
  readPad(context, isSymmetric ? 'edge' : 'reflect');
}

function writeSlice(w: WriteContext): void {
  const rank = w.rank(0);
  const starts = w.integers(1, 'Its starts');
  const ends = w.integers(2, 'Its ends');
  const axes = w.integers(3, 'Its axes', range(starts.length)).map((axis) => (axis < 0 ? axis + rank : axis));
  const steps = w.integers(
    4,
    'Its steps',
    starts.map(() => 1),
  );
  const sizes = w.shape(0);
  const full = { begin: range(rank).map(() => 0), end: [...sizes], step: range(rank).map(() => 1) };
  let endMask = 0;
  axes.forEach((axis, i) => {
    const at = (place: number) => Math.max(0, Math.min(sizes[axis], place < 0 ? place + sizes[axis] : place));
    if (steps[i] < 0) {
      full.begin[axis] = Math.min(starts[i] < 0 ? starts[i] + sizes[axis] : starts[i], sizes[axis] - 1);
      const end = ends[i] < 0 ? ends[i] + sizes[axis] : ends[i];
      full.end[axis] = Math.max(end, -1);
      if (end < 0) endMask |= 1 << axis;
    } else {
      full.begin[axis] = at(starts[i]);
      full.end[axis] = at(ends[i]);
    }
    full.step[axis] = steps[i];
  });
  const { signature } = w.writer.sizes(w.value(0));
  signature.forEach((size, axis) => {
    if (size === -1 && !axes.includes(axis)) endMask |= 1 << axis;
  });
  const layout = w.layoutOf(0);
  const mask = range(rank).reduce((sum, axis) => (endMask & (1 << axis) ? sum | (1 << w.axisIn(layout, axis, rank)) : sum), 0);
  const lists = [full.begin, full.end, full.step].map((each) => w.list(w.byAxis(layout, each)));
  w.emit('STRIDED_SLICE', [w.input(0, layout), ...lists], { layout, options: { name: 'StridedSliceOptions', values: { endMask: mask } } });
}

function writePad(w: WriteContext, node: Node): void {
  const rank = w.rank(0);
  const given = w.integers(1, 'Its pads');
  const axes = w.integers(3, 'Its axes', range(rank)).map((axis) => (axis < 0 ? axis + rank : axis));
  const count = axes.length;
  const pairs = range(rank).map((axis) => {
    const at = axes.indexOf(axis);
    return at < 0 ? [0, 0] : [given[at], given[at + count]];
  });
  if (pairs.flat().some((pad) => pad < 0)) w.refuse('it cuts off (negative pads)');
  const layout = w.layoutOf(0);
  const pads = w.list(w.byAxis(layout, pairs).flat(), 'pads', [rank, 2]);
  const mode = node.string('mode', 'constant');
  if (mode === 'reflect') {
    w.emit('MIRROR_PAD', [w.input(0, layout), pads], { layout, options: { name: 'MirrorPadOptions', values: { mode: 0 } } });
    return;
  }
  if (mode !== 'constant') w.refuse(`it pads by "${mode}"`);
  const value = w.has(2) ? numbersOf(w.value(2))?.[0] : 0;
  if (value === undefined) w.refuse('what it pads with is computed when it runs');
  if (value === 0) {
    w.emit('PAD', [w.input(0, layout), pads], { layout, options: { name: 'PadOptions', values: {} } });
    return;
  }
  w.emit('PADV2', [w.input(0, layout), pads, w.inputReal(2)], { layout, options: { name: 'PadV2Options', values: {} } });
}

/** Whether it pads with zeros: others have no exact integer on the grid of the data. */
function padsZeros(node: Node): boolean {
  const value = node.inputs[2];
  return node.string('mode', 'constant') === 'reflect' || !value || numbersOf(value)?.[0] === 0;
}

/** Operators that take a part, or put a border around. */
export const slicing: Family = {
  SLICE: { version: 7, read: readSlice },
  STRIDED_SLICE: { version: 8, read: readStrided, write: { Slice: { integer: 'same', write: writeSlice } } },
  PAD: {
    version: 5,
    read: (context) => readPad(context, 'constant'),
    write: { Pad: { integer: 'same', integerWhere: padsZeros, write: writePad } },
  },
  PADV2: { version: 5, read: (context) => readPad(context, 'constant') },
  MIRROR_PAD: { version: 3, read: readMirror },
};
