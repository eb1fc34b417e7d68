// The worst output of each model after static quantization, one row a model and one mark a tool, as SVG.
const [LEFT, RIGHT, ROW, TOP, WIDTH] = [190, 20, 22, 70, 800];
const LARGEST = 60;
/** Colours that are told apart with any sight (Okabe and Ito, 2008). */
const COLOURS = ['#0072b2', '#56b4e9', '#d55e00', '#e69f00', '#f0e442', '#009e73', '#cc79a7', '#000000', '#999999'];

/** @param models what the results file holds of each model. What failed, does not load or has less than 0 dB stands at the left edge. */
export function picture(models) {
  const rows = Object.entries(models).map(([model, { runs }]) => ({
    model,
    runs: Object.entries(runs).filter(([name]) => isStatic(name)),
  }));
  const names = [...new Set(rows.flatMap(({ runs }) => runs.map(([name]) => name)))];
  const height = TOP + ROW * rows.length + 20;
  const marks = rows.flatMap(({ model, runs }, index) => {
    const y = TOP + ROW * (index + 0.5);
    return [
      `<text x="${LEFT - 12}" y="${y + 4}" text-anchor="end">${model}</text>`,
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#ddd"/>`,
      ...runs.map(([name, run]) => mark(run, y, COLOURS[names.indexOf(name) % COLOURS.length])),
    ];
  });
  const ticks = [0, 10, 20, 30, 40, 50, 60].map((at) => {
    const line = `<line x1="${place(at)}" x2="${place(at)}" y1="${TOP}" y2="${height - 20}" stroke="${at === 10 ? '#999' : '#eee'}"/>`;
    return `${line}<text x="${place(at)}" y="${TOP - 6}" text-anchor="middle">${at} dB</text>`;
  });
  const legend = names.map((name, index) => {
    const [x, y] = [20 + 260 * (index % 3), 16 + 16 * Math.floor(index / 3)];
    const words = name.replace(' static-', ', ').replace(' static', '');
    return `<circle cx="${x}" cy="${y - 4}" r="5" fill="${COLOURS[index % COLOURS.length]}"/><text x="${x + 10}" y="${y}">${words}</text>`;
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`;
  const back = `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`;
  return `${[head, back, ...legend, ...ticks, ...marks].join('\n')}\n</svg>\n`;
}

function mark(run, y, colour) {
  const decibels = run.loads ? run.worst.decibels : -1;
  if (decibels >= 0) return `<circle cx="${place(Math.min(decibels, LARGEST))}" cy="${y}" r="5" fill="${colour}"/>`;
  const x = LEFT - 4;
  return `<path d="M${x - 4} ${y - 4}l8 8m0-8l-8 8" stroke="${colour}" stroke-width="2"/>`;
}

const isStatic = (name) => name.split(' ')[1].startsWith('static');
const place = (decibels) => LEFT + (decibels / LARGEST) * (WIDTH - LEFT - RIGHT);
