import { add, binary, cast, div, max, min, number, type Statement, select, sub, unary } from '../loops/index.js';
import { orderOf, overLines } from './lines.js';
import type { KernelRule, NestContext } from './rule.js';

const LARGEST = 255;

/** A scale and a zero point by the range of the data, 0 in it, and the data on that grid. */
function dynamicQuantize(context: NestContext): void {
  const x = context.cheap(0);
  const [integers, scale, zero] = [context.output(0, { order: orderOf(x) }), context.output(1), context.output(2)];
  const axes = x.shape.map((_, axis) => axis);
  const none = number(0, 'f32');
  const body = overLines(context, x, axes, (line) =>
    line.fold(
      { begin: none, step: max },
      (indices) => x.at(indices),
      (highest) =>
        line.fold(
          { begin: none, step: min },
          (indices) => x.at(indices),
          (lowest) => {
            const first = number(0);
            const span = sub(highest(first), lowest(first));
            const step = select(binary('eq', span, none), number(1, 'f32'), div(span, number(LARGEST, 'f32')));
            const clamped = (value: ReturnType<typeof div>) => max(none, min(number(LARGEST, 'f32'), value));
            return line.value(
              'scale',
              () => step,
              (scaleOf) =>
                line.value(
                  'zero',
                  (lane) => unary('round', clamped(div(sub(none, lowest(lane)), scaleOf(lane)))),
                  (zeroOf): Statement[] => [
                    ...scale.store([], scaleOf(first)),
                    ...zero.store([], cast('i32', zeroOf(first))),
                    ...line.each((indices, lane) => {
                      const place = add(unary('round', div(x.at(indices), scaleOf(lane))), zeroOf(lane));
                      return integers.store(indices, cast('i32', clamped(place)));
                    }),
                  ],
                ),
            );
          },
        ),
    ),
  );
  context.emit(body);
}

export const dynamicQuantizations: Readonly<Record<string, KernelRule>> = {
  DynamicQuantizeLinear: { kind: 'nest', emit: dynamicQuantize },
};
