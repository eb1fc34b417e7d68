import { axisScale, significant } from '../../../report/info/index.js';
import type { CurvePoint } from '../../tab/index.js';

const [WIDTH, HEIGHT] = [420, 170];
const inner = { left: 46, right: WIDTH - 10, top: 26, bottom: HEIGHT - 24 };

/** Losses by epoch, and qualities where they were measured, each on a scale of its own. */
export function Curve({ points, epochs }: { points: readonly CurvePoint[]; epochs: number }) {
  const losses = points.map(({ epoch, loss }) => ({ epoch, value: loss }));
  const qualities = points.flatMap(({ epoch, quality }) => (quality === undefined ? [] : [{ epoch, value: quality }]));
  return (
    <div class="curves">
      <Line name="training loss" kind="one" points={losses} epochs={epochs} />
      {qualities.length > 0 && <Line name="validation quality" kind="two" points={qualities} epochs={epochs} />}
    </div>
  );
}

interface LineProps {
  readonly name: string;
  readonly kind: 'one' | 'two';
  readonly points: readonly { epoch: number; value: number }[];
  readonly epochs: number;
}

function Line({ name, kind, points, epochs }: LineProps) {
  const values = points.map(({ value }) => value).filter(Number.isFinite);
  if (values.length === 0) return null;
  const measure = { label: '', better: 'more' as const, format: (value: number | undefined) => significant(value ?? 0) };
  const scale = axisScale({ measure, needed: values, wished: [], log: false });
  const across = (epoch: number) => inner.left + (epochs > 1 ? (epoch - 1) / (epochs - 1) : 0.5) * (inner.right - inner.left);
  const up = (at: number) => inner.bottom - at * (inner.bottom - inner.top);
  const places = points.filter(({ value }) => Number.isFinite(value)).map(({ epoch, value }) => [across(epoch), up(scale.place(value).at)]);
  const last = points.at(-1) as LineProps['points'][number];
  const text = `${name}, epoch ${last.epoch} of ${epochs}: ${significant(last.value, 3)}`;
  return (
    <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={text}>
      <text x={inner.left} y="14">
        {text}
      </text>
      {scale.ticks.map(({ at, text: tick }) => (
        <g key={tick}>
          <path class="grid-line" d={`M${inner.left} ${up(at)}H${inner.right}`} />
          <text x={inner.left - 7} y={up(at) + 4} text-anchor="end">
            {tick}
          </text>
        </g>
      ))}
      <text x={inner.left} y={HEIGHT - 6}>
        epoch 1
      </text>
      {epochs > 1 && (
        <text x={inner.right} y={HEIGHT - 6} text-anchor="end">
          {epochs}
        </text>
      )}
      <path class={`line-${kind}`} d={`M${places.map((place) => place.join(' ')).join('L')}`} />
      {places.map(([x, y]) => (
        <circle key={x} class={`dot-${kind}`} cx={x} cy={y} r="3" />
      ))}
    </svg>
  );
}
