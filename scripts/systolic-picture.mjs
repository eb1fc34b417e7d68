// Draws docs/images/systolic.svg: a mesh in which weights stay, data moves to the right and sums move down, cycle by cycle.
//   node scripts/systolic-picture.mjs
import { writeFileSync } from 'node:fs';

const [ROWS, COLUMNS, STEPS] = [4, 4, 5];
const [CELL, LEFT, TOP] = [74, 170, 84];
const SECONDS = 0.9;
// Until the last sum has left the last column, and one cycle of rest.
const CYCLES = STEPS + ROWS + COLUMNS;
const [width, height] = [LEFT + COLUMNS * CELL + 110, TOP + ROWS * CELL + 70];

const cell = (row, column) => {
  const [x, y] = [LEFT + column * CELL, TOP + row * CELL];
  return `<rect class="cell" x="${x}" y="${y}" width="${CELL - 14}" height="${CELL - 14}" rx="6"/><text class="weight" x="${x + 30}" y="${y + 49}">w${row + 1}${column + 1}</text>`;
};

/** Something that is at `places[i]` in cycle `from + i`, and is not seen before and after. */
function moving(kind, text, from, places) {
  const at = (cycle) => places[Math.min(places.length - 1, Math.max(0, cycle - from))];
  const cycles = Array.from({ length: CYCLES + 1 }, (_, cycle) => cycle);
  const positions = cycles.map((cycle) => at(cycle).join(' ')).join(';');
  const seen = cycles.map((cycle) => (cycle >= from && cycle < from + places.length ? 1 : 0)).join(';');
  const timing = `dur="${CYCLES * SECONDS}s" repeatCount="indefinite"`;
  const shape = kind === 'data' ? '<circle r="13"/>' : '<rect x="-15" y="-12" width="30" height="24" rx="5"/>';
  const [x, y] = places[0];
  return `<g class="${kind}" transform="translate(${x} ${y})" opacity="0">${shape}<text y="4">${text}</text><animateTransform attributeName="transform" type="translate" values="${positions}" ${timing}/><animate attributeName="opacity" values="${seen}" calcMode="discrete" ${timing}/></g>`;
}

const parts = [];
for (let row = 0; row < ROWS; row++) for (let column = 0; column < COLUMNS; column++) parts.push(cell(row, column));
for (let step = 0; step < STEPS; step++) {
  // Row r gets its number r cycles later: it meets the sum that comes down from the row above.
  for (let row = 0; row < ROWS; row++) {
    const places = Array.from({ length: COLUMNS + 1 }, (_, i) => [LEFT + (i - 1) * CELL + 18, TOP + row * CELL + 16]);
    parts.push(moving('data', `x${step + 1}${row + 1}`, step + row, places));
  }
  for (let column = 0; column < COLUMNS; column++) {
    const places = Array.from({ length: ROWS + 1 }, (_, i) => [LEFT + column * CELL + 40, TOP + i * CELL + (i === ROWS ? 16 : 26)]);
    parts.push(moving('sum', `y${step + 1}${column + 1}`, step + column + 1, places));
  }
}
const words = [
  `<text class="title" x="${width / 2}" y="26">A systolic array whose weights stay</text>`,
  `<text class="note" x="${width / 2}" y="48">Each cell multiplies, adds to the sum from above, and hands both on.</text>`,
  `<text class="side" transform="translate(24 ${TOP + (ROWS * CELL) / 2}) rotate(-90)">data: one cycle later in each row</text>`,
  `<text class="note" x="${LEFT + (COLUMNS * CELL) / 2 - 7}" y="${height - 14}">sums leave below, one cycle later in each column</text>`,
];
const style = `text{font:13px system-ui,sans-serif;text-anchor:middle;fill:#1f2937}.title{font-size:16px;font-weight:600}.note,.side{fill:#4b5563}.cell{fill:#eef2f7;stroke:#94a3b8}.weight{fill:#475569}.data circle{fill:#bae6fd;stroke:#0284c7}.sum rect{fill:#bbf7d0;stroke:#15803d}.data text,.sum text{font-size:11px}`;
const label = 'Animation: numbers of the data move right through a mesh of four by four cells, sums move down, weights stay.';
writeFileSync(
  new URL('../docs/images/systolic.svg', import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${label}"><style>${style}</style><rect width="${width}" height="${height}" fill="#fff"/>${[...words, ...parts].join('\n')}</svg>\n`,
);
