// The study's picture: test accuracy of the int8 files against their size, beside the survey's own figures.
import { mean, PUBLISHED, VARIANTS } from './report.mjs';

const WIDTH = 800;
const HEIGHT = 480;
const plot = { left: 64, right: 640, top: 60, bottom: 420 };
const COLORS = { plain: '#8d9a93', augmented: '#0067a5', distilled: '#00795a' };

export function figure(widths, cells) {
  const here = VARIANTS.map((variant) => ({
    variant,
    points: widths.flatMap((width) => {
      const records = cells.get(`${variant} ${width}`);
      return records ? [{ width, bytes: records[0].int8.bytes, accuracy: 100 * mean(records, 'int8') }] : [];
    }),
  }));
  const published = VARIANTS.map((variant) => ({
    variant,
    points: widths
      .filter((width) => PUBLISHED[width])
      .map((width) => ({ width, bytes: PUBLISHED[width].bytes, accuracy: PUBLISHED[width][variant][1] })),
  }));
  const all = [...here, ...published].flatMap(({ points }) => points);
  const scale = scales(all);
  const lines = [
    ...published.map(({ variant, points }) => curve(points, scale, `stroke="${COLORS[variant]}" stroke-dasharray="5 4" opacity=".6"`)),
    ...here.flatMap(({ variant, points }) => [
      curve(points, scale, `stroke="${COLORS[variant]}" stroke-width="2"`),
      ...points.map((point) => `<circle cx="${scale.x(point.bytes)}" cy="${scale.y(point.accuracy)}" r="5" fill="${COLORS[variant]}"/>`),
    ]),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Accuracy against size of the survey's network">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<g font-family="system-ui,sans-serif" font-size="12" fill="#17231d">
<text x="24" y="30" font-size="16" font-weight="650">The survey's network on CIFAR-10: int8 accuracy against size</text>
${grid(scale)}
${lines.join('\n')}
${legend()}
</g>
</svg>
`;
}

/** Logarithmic in bytes, linear in accuracy, with a margin. */
function scales(points) {
  const [least, most] = [Math.min(...points.map(({ bytes }) => bytes)) / 1.2, Math.max(...points.map(({ bytes }) => bytes)) * 1.2];
  const [low, high] = [
    Math.floor(Math.min(...points.map(({ accuracy }) => accuracy)) - 1),
    Math.ceil(Math.max(...points.map(({ accuracy }) => accuracy)) + 1),
  ];
  return {
    least,
    most,
    low,
    high,
    x: (bytes) => round(plot.left + (Math.log(bytes / least) / Math.log(most / least)) * (plot.right - plot.left)),
    y: (accuracy) => round(plot.bottom - ((accuracy - low) / (high - low)) * (plot.bottom - plot.top)),
  };
}

function curve(points, { x, y }, style) {
  return `<path d="${points.map(({ bytes, accuracy }, i) => `${i ? 'L' : 'M'}${x(bytes)} ${y(accuracy)}`).join('')}" fill="none" ${style}/>`;
}

function grid({ least, most, low, high, x, y }) {
  const sizes = [10, 20, 30, 50, 100, 200, 300, 500, 1000].filter((kb) => kb * 1000 >= least && kb * 1000 <= most);
  const step = high - low > 12 ? 4 : 2;
  const levels = Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => Math.ceil(low / step) * step + i * step).filter(
    (level) => level <= high,
  );
  return [
    ...sizes.map(
      (kb) =>
        `<path d="M${x(kb * 1000)} ${plot.top}V${plot.bottom}" stroke="#e2e8e4"/><text x="${x(kb * 1000)}" y="${plot.bottom + 18}" text-anchor="middle" fill="#55645c">${kb} KB</text>`,
    ),
    ...levels.map(
      (level) =>
        `<path d="M${plot.left} ${y(level)}H${plot.right}" stroke="#e2e8e4"/><text x="${plot.left - 8}" y="${y(level) + 4}" text-anchor="end" fill="#55645c">${level}%</text>`,
    ),
    `<text x="${plot.left}" y="${plot.top - 8}" font-weight="600">test accuracy ↑</text>`,
    `<text x="${plot.right}" y="${plot.bottom + 40}" text-anchor="end" font-weight="600">← int8 file, logarithmic</text>`,
  ].join('\n');
}

function legend() {
  const rows = [
    ...VARIANTS.map((variant) => [variant, `stroke="${COLORS[variant]}" stroke-width="2"`]),
    ['published, on the', 'stroke="#55645c" stroke-dasharray="5 4"'],
  ];
  return [
    ...rows.map(
      ([label, style], i) => `<path d="M656 ${80 + 22 * i}h24" fill="none" ${style}/><text x="688" y="${84 + 22 * i}">${label}</text>`,
    ),
    `<text x="688" y="${84 + 22 * rows.length - 6}">original images</text>`,
  ].join('\n');
}

function round(value) {
  return Number(value.toFixed(1));
}
