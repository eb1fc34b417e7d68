// The studies' pictures: test accuracy of quantized files against their size.

const WIDTH = 800;
const HEIGHT = 480;
const plot = { left: 64, right: 640, top: 60, bottom: 420 };

/**
 * Curves of { bytes, accuracy in percent }, each with a name, a colour and what is to be said of it below its name; those that come from elsewhere
 * are dashed and have no dots.
 */
export function chart(title, series) {
  const scale = scales(series.flatMap(({ points }) => points));
  const curves = series.map(({ points, color, dashed }) => {
    const style = dashed ? `stroke="${color}" stroke-dasharray="5 4" opacity=".6"` : `stroke="${color}" stroke-width="2"`;
    const dots = dashed
      ? []
      : points.map(({ bytes, accuracy }) => `<circle cx="${scale.x(bytes)}" cy="${scale.y(accuracy)}" r="5" fill="${color}"/>`);
    return [curve(points, scale, style), ...dots].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<g font-family="system-ui,sans-serif" font-size="12" fill="#17231d">
<text x="24" y="30" font-size="16" font-weight="650">${title}</text>
${grid(scale)}
${curves.join('\n')}
${legend(series)}
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
  const sizes = [5, 10, 20, 30, 50, 100, 200, 300, 500, 1000].filter((kb) => kb * 1000 >= least && kb * 1000 <= most);
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
    `<text x="${plot.right}" y="${plot.bottom + 40}" text-anchor="end" font-weight="600">← file, logarithmic</text>`,
  ].join('\n');
}

/** Names of the series, those of dashed ones once. */
function legend(series) {
  const named = series.filter(({ name }) => name);
  const rows = named.flatMap(({ name, note, color, dashed }) => [
    { text: name, style: dashed ? `stroke="${color}" stroke-dasharray="5 4"` : `stroke="${color}" stroke-width="2"` },
    ...(note ? [{ text: note }] : []),
  ]);
  return rows
    .map(({ text, style }, i) => {
      const line = style ? `<path d="M656 ${80 + 20 * i}h24" fill="none" ${style}/>` : '';
      return `${line}<text x="688" y="${84 + 20 * i}">${text}</text>`;
    })
    .join('\n');
}

function round(value) {
  return Number(value.toFixed(1));
}
