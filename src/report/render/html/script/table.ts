/** Sorting by any column, and choosing by a row. What has no value stays last either way. */
export const tableScript = `
const table = document.querySelector('table.models');
const body = table.tBodies[0];
const headings = [...table.tHead.rows[0].cells];
const numbers = new Map(headings.map((heading, column) => [heading, column]));
function valueOf(row, column) {
  const { value } = row.cells[column].dataset;
  if (value === undefined) return undefined;
  return column === 1 ? value : Number(value);
}
function sortBy(heading) {
  const column = numbers.get(heading);
  const again = heading.getAttribute('aria-sort');
  // Names and ranks begin with the first, numbers with the largest.
  const descending = again === 'none' ? column > 1 : again === 'ascending';
  for (const other of headings) other.setAttribute('aria-sort', 'none');
  heading.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
  const compare = (a, b) => {
    const [left, right] = [valueOf(a, column), valueOf(b, column)];
    if (left === undefined || right === undefined) return (left === undefined) - (right === undefined);
    const order = typeof left === 'string' ? left.localeCompare(right) : left - right;
    return descending ? -order : order;
  };
  body.append(...[...body.rows].sort(compare));
}
for (const heading of headings) heading.querySelector('button').addEventListener('click', () => sortBy(heading));
body.addEventListener('click', (event) => {
  const row = event.target.closest('tr');
  if (!row) return;
  event.preventDefault();
  const index = Number(row.dataset.index);
  select(index);
  // In one column the card is out of sight, above the table.
  if (matchMedia('(max-width:860px)').matches) document.querySelector('#model-' + index + ' .glance').scrollIntoView({ block: 'start' });
});
listeners.push(() => {
  for (const row of body.rows) {
    const index = Number(row.dataset.index);
    row.classList.toggle('selected', index === state.selected);
    row.querySelector('a').setAttribute('aria-current', String(index === state.selected));
    row.hidden = state.frontOnly && data.models[index].role === 'other';
  }
});
`;
