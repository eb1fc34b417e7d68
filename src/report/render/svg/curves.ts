import { axisScale, type Curve, significant, type TrainingCurves } from '../../info/index.js';
import { element, fragment, type Markup } from '../markup.js';
import { type ChartOptions, chart } from './theme.js';

const WIDTH = 420;
const PANEL = 190;
const inner = { left: 52, right: WIDTH - 14, top: 34, bottom: PANEL - 26 };

/** Training by epoch: the loss in one panel, qualities in another. */
export function trainingSvg({ loss, quality }: TrainingCurves, options?: ChartOptions): string {
  const panels = [loss, quality].filter((curves) => curves.length > 0);
  const last = [...loss, ...quality]
    .flatMap(({ points }) => points.map(({ epoch }) => epoch))
    .reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const ends = [...loss, ...quality].map(
    ({ name, points }) => `${name} ${significant(points[0].value)} to ${significant(points[points.length - 1].value)}`,
  );
  return chart(
    {
      width: WIDTH,
      height: PANEL * panels.length,
      title: 'Training curves',
      description: `Over ${last} epochs: ${ends.join('; ')}.`,
    },
    panels.map((curves, index) => element('g', { transform: `translate(0 ${index * PANEL})` }, panel(curves))),
    options,
  );
}

function panel(curves: readonly Curve[]): Markup {
  const all = curves.flatMap(({ points }) => points);
  const y = axisScale({
    measure: { label: '', better: 'more', format: (value) => significant(value ?? 0) },
    needed: all.map(({ value }) => value),
    wished: [],
    log: false,
  });
  const [first, last] = all.reduce(
    ([low, high], { epoch }) => [Math.min(low, epoch), Math.max(high, epoch)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const across = (epoch: number) => inner.left + (last > first ? (epoch - first) / (last - first) : 0.5) * (inner.right - inner.left);
  const up = (value: number) => inner.bottom - y.place(value).at * (inner.bottom - inner.top);
  const epochs = last > first ? axisTicks(first, last) : [first];
  return fragment(
    y.ticks.map(({ at, text }) => {
      const height = inner.bottom - at * (inner.bottom - inner.top);
      return [
        element('path', { class: 'grid', d: `M${inner.left} ${height.toFixed(1)}H${inner.right}` }),
        element('text', { x: inner.left - 7, y: height + 4, 'text-anchor': 'end', class: 'muted' }, text),
      ];
    }),
    epochs.map((epoch) => element('text', { x: across(epoch), y: PANEL - 8, 'text-anchor': 'middle', class: 'muted' }, epoch)),
    curves.map((curve, i) => {
      const kind = i === 0 ? 'one' : 'two';
      const points = curve.points.map(({ epoch, value }) => `${across(epoch).toFixed(1)} ${up(value).toFixed(1)}`);
      const left = inner.left + i * 150;
      return [
        points.length > 1
          ? element('path', { class: `line-${kind}`, d: `M${points.join('L')}` })
          : element('circle', { class: `dot-${kind}`, cx: across(curve.points[0].epoch), cy: up(curve.points[0].value), r: 3.5 }),
        element('path', { class: `line-${kind}`, d: `M${left} 16h22` }),
        element('text', { x: left + 28, y: 20 }, curve.name),
      ];
    }),
  );
}

/** A few whole epochs, the first and the last among them where there is room. */
function axisTicks(first: number, last: number): number[] {
  const step = Math.max(1, Math.ceil((last - first) / 6));
  const found: number[] = [];
  for (let epoch = first; epoch <= last; epoch += step) found.push(epoch);
  return found;
}
