import { element, type Markup } from '../markup.js';

/** A table that scrolls by itself where it is wider than the page. @param left headings of columns of texts. */
export function dataTable(
  headings: readonly string[],
  rows: readonly Markup[],
  left: ReadonlySet<string> = new Set(['Operator', 'Layer']),
): Markup {
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': headings[0] },
    element(
      'table',
      {},
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          headings.map((heading) => element('th', { scope: 'col', class: left.has(heading) ? 'left' : undefined }, heading)),
        ),
      ),
      element('tbody', {}, rows),
    ),
  );
}
