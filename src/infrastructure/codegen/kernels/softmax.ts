import { assign, binary, div, load, max, mul, number, read, type Statement, select, store, sub, unary, variable } from '../loops/index.js';
import { like } from './elementwise.js';
import { orderOf, overLines, sumOf } from './lines.js';
import type { KernelRule, NestContext } from './rule.js';

/** What a softmax is computed along, as of opset 13. */
function along(context: NestContext) {
  const x = context.cheap(0);
  const axis = (context.node.int('axis', -1) + x.shape.length) % Math.max(1, x.shape.length);
  const sink = context.output(0, { order: orderOf(x) });
  const sample = x.at(x.shape.map(() => number(0)));
  const largest = { begin: number(Number.NEGATIVE_INFINITY, sample.type), step: max };
  return { x, axes: x.shape.length === 0 ? [] : [axis], sink, sample, largest };
}

/** e^(x - max), kept while they are summed, over their sum. */
function softmax(context: NestContext): void {
  const { x, axes, sink, sample, largest } = along(context);
  const body = overLines(context, x, axes, (line) => {
    const kept = context.scratch('exponentials', x.type, line.length * line.lanes);
    return line.fold(
      largest,
      (indices) => x.at(indices),
      (most) => [
        ...line.each((indices, lane) => [store(kept, line.slot(indices, lane), unary('exp', sub(x.at(indices), most(lane))))]),
        ...line.fold(
          sumOf(sample.type),
          (indices, lane) => load(kept, line.slot(indices, lane)),
          (sum) =>
            line.value(
              'inverse',
              (lane) => div(like(sample, 1), sum(lane)),
              (inverse) => line.each((indices, lane) => sink.store(indices, mul(load(kept, line.slot(indices, lane)), inverse(lane)))),
            ),
        ),
      ],
    );
  });
  context.emit(body);
}

/** x - max - log Σ e^(x - max). */
function logSoftmax(context: NestContext): void {
  const { x, axes, sink, sample, largest } = along(context);
  const body = overLines(context, x, axes, (line) =>
    line.fold(
      largest,
      (indices) => x.at(indices),
      (most) =>
        line.fold(
          sumOf(sample.type),
          (indices, lane) => unary('exp', sub(x.at(indices), most(lane))),
          (sum) =>
            line.value(
              'shift',
              (lane) => binary('add', most(lane), unary('log', sum(lane))),
              (shift) => line.each((indices, lane) => sink.store(indices, sub(x.at(indices), shift(lane)))),
            ),
        ),
    ),
  );
  context.emit(body);
}

/** 1 at the first of the largest elements, 0 elsewhere. */
function hardmax(context: NestContext): void {
  const { x, axes, sink, sample } = along(context);
  const body = overLines(context, x, axes, (line) =>
    line.results((lane): Statement[] => {
      const [best, at] = [variable('best', sample.type), variable('at', 'i32')];
      return [
        { kind: 'declare', variable: best, value: x.at(line.at(lane)) },
        { kind: 'declare', variable: at, value: number(0) },
        ...line.along(lane, (indices, place) => {
          const wins = binary('gt', x.at(indices), read(best));
          return [assign(at, select(wins, place, read(at))), assign(best, select(wins, x.at(indices), read(best)))];
        }),
        ...line.along(lane, (indices, place) =>
          sink.store(indices, select(binary('eq', place, read(at)), like(sample, 1), like(sample, 0))),
        ),
      ];
    }, false),
  );
  context.emit(body);
}

export const softmaxes: Readonly<Record<string, KernelRule>> = {
  Hardmax: { kind: 'nest', absorbs: true, emit: hardmax },
  LogSoftmax: { kind: 'nest', absorbs: true, emit: logSoftmax },
  Softmax: { kind: 'nest', absorbs: true, emit: softmax },
};
