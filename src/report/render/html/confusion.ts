import { element, type Markup } from '../markup.js';

/** Counts by true class (rows) and answer (columns), darker for more. */
export function confusionTable(matrix: readonly (readonly number[])[], classes: readonly string[] = []): Markup {
  const name = (index: number) => classes[index] ?? String(index);
  const head = element(
    'tr',
    {},
    element('th', { scope: 'col' }, 'true \\ answer'),
    matrix.map((_, index) => element('th', { scope: 'col' }, name(index))),
  );
  const rows = matrix.map((row, index) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, name(index)),
      row.map((count, answer) => {
        const color = answer === index ? 'front' : 'baseline';
        const strength = count === 0 || total === 0 ? 0 : Math.max(6, (count / total) * 45);
        return element('td', { style: `background:color-mix(in srgb,var(--${color}) ${strength.toFixed(0)}%,transparent)` }, count || '');
      }),
    );
  });
  return element(
    'div',
    { class: 'scroll' },
    element('table', { class: 'confusion' }, element('thead', {}, head), element('tbody', {}, rows)),
  );
}
