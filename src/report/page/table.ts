import { find } from './nodes.js';
import type { State } from './state.js';

/** Columns that begin with their first rather than their largest: rank and name. */
const NAMES = 1;

/** Sorting by any column, and choosing by a row. What has no value stays last either way. */
export function addTable(state: State, onChoose: (index: number) => void): void {
  const table = find<HTMLTableElement>('table.models');
  const [body] = table.tBodies;
  const headings = [...(table.tHead as HTMLTableSectionElement).rows[0].cells];
  for (const [column, heading] of headings.entries())
    find('button', heading).addEventListener('click', () => {
      const isDescending = turn(heading, headings, column);
      body.append(...[...body.rows].sort((a, b) => compare(sortValue(a, column), sortValue(b, column), isDescending)));
    });
  body.addEventListener('click', (event) => {
    const row = (event.target as Element).closest('tr');
    if (!row) return;
    event.preventDefault();
    const index = indexOf(row);
    onChoose(index);
    // In one column the card is out of sight, above the table.
    if (matchMedia('(max-width:860px)').matches) find(`#model-${index} .glance`).scrollIntoView({ block: 'start' });
  });
  state.listen(() => {
    for (const row of body.rows) {
      const index = indexOf(row);
      row.classList.toggle('selected', index === state.selected);
      find('a', row).setAttribute('aria-current', String(index === state.selected));
      row.hidden = state.isHidden(index);
    }
  });
}

/** @returns whether the column is sorted downwards from now on. */
function turn(heading: Element, headings: readonly Element[], column: number): boolean {
  const before = heading.getAttribute('aria-sort');
  const isDescending = before === 'none' ? column > NAMES : before === 'ascending';
  for (const each of headings) each.setAttribute('aria-sort', 'none');
  heading.setAttribute('aria-sort', isDescending ? 'descending' : 'ascending');
  return isDescending;
}

function sortValue(row: HTMLTableRowElement, column: number): string | number | undefined {
  const { value } = row.cells[column].dataset;
  return value === undefined || column === NAMES ? value : Number(value);
}

function compare(a: string | number | undefined, b: string | number | undefined, isDescending: boolean): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
  return isDescending ? -order : order;
}

function indexOf(row: HTMLTableRowElement): number {
  return Number(row.dataset.index);
}
