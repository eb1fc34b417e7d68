import {
  deviceMeasures,
  type FrontRow,
  formatChange,
  formatInterval,
  formatQuality,
  formatRatio,
  frontRows,
  limitName,
  type MeasureName,
  measures,
  type ReportInfo,
} from '../../info/index.js';
import { element, type Markup } from '../markup.js';

interface Cell {
  /** What the column is sorted by; absent values are last. */
  value?: number | string;
  content: (Markup | string | undefined)[];
  kind?: string;
}

interface Column {
  heading: string;
  note?: string;
  cell(row: FrontRow): Cell;
}

/** All models; the headings sort, the names choose. */
export function modelTable(info: ReportInfo): Markup {
  const rows = frontRows(info);
  const shown = columns(info, rows);
  const heading = ({ heading, note }: Column) =>
    element(
      'th',
      { scope: 'col', 'aria-sort': 'none', class: heading === 'Model' ? 'left' : undefined },
      element('button', { type: 'button', title: note }, heading),
    );
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Comparison of all models' },
    element(
      'table',
      { class: 'models' },
      element('thead', {}, element('tr', {}, shown.map(heading))),
      element(
        'tbody',
        {},
        rows.map((row) => tableRow(row, shown)),
      ),
    ),
  );
}

function tableRow(row: FrontRow, shown: readonly Column[]): Markup {
  const cells = shown.map((column, index) => {
    const { value, content, kind } = column.cell(row);
    const attributes = { 'data-value': value, class: kind };
    return index === 1 ? element('th', { ...attributes, scope: 'row' }, content) : element('td', attributes, content);
  });
  return element('tr', { class: row.role, 'data-index': row.index }, cells);
}

function columns(info: ReportInfo, rows: readonly FrontRow[]): Column[] {
  const { metric } = info.task;
  const byName = new Map(measures(info).map((measure) => [measure.name, measure]));
  const quality = (split: 'validation' | 'test'): Column[] => {
    const label = byName.get(split === 'test' ? 'test' : 'quality')?.label ?? '';
    if (!rows.some((row) => row[split])) return [];
    return [
      {
        heading: label,
        note: `On the ${split} part, with the 95% interval`,
        cell: (row) => {
          const found = row[split];
          if (!found) return { content: ['-'] };
          const interval = found.interval && element('small', {}, formatInterval(metric, found.interval, found.samples));
          return { value: found.value, content: [formatQuality(metric, found.value, found.samples), interval] };
        },
      },
    ];
  };
  const cost = (name: MeasureName): Column[] => {
    const measure = byName.get(name);
    if (!measure || !rows.some((row) => (row.costs[name]?.value ?? row.costs[name]?.missing) !== undefined)) return [];
    return [
      {
        heading: measure.label,
        note: `How many times less than the original is in small figures`,
        cell: (row) => {
          const { value, ratio, missing } = row.costs[name] ?? {};
          if (missing !== undefined) return { content: [element('span', { class: 'bad' }, missing)] };
          const tone = ratio === undefined ? undefined : ratio > 1.05 ? 'good' : ratio < 0.95 ? 'bad' : undefined;
          const small = row.role === 'baseline' || ratio === undefined ? undefined : element('small', { class: tone }, formatRatio(ratio));
          return { value, content: [measure.format(value), small] };
        },
      },
    ];
  };
  return [
    { heading: '#', cell: (row) => ({ value: row.rank ?? (row.role === 'baseline' ? 0 : undefined), content: [badge(row)] }) },
    {
      heading: 'Model',
      cell: (row) => ({
        value: row.label,
        content: [element('a', { href: `#model-${row.index}` }, row.label), broken(row)],
        kind: 'name left',
      }),
    },
    ...quality('test'),
    ...quality('validation'),
    {
      heading: 'Change',
      note: 'Against the original, on the test part where both were measured there, else on the validation part',
      cell: (row) => {
        const { before, change, loss } = row.quality;
        if (row.role === 'baseline') return { value: 0, content: [''] };
        const kind = loss === undefined ? undefined : loss > 1 ? 'bad' : loss < 0 ? 'good' : undefined;
        return { value: change, content: [formatChange(metric, change, before)], kind };
      },
    },
    ...cost('bytes'),
    ...cost('macs'),
    ...cost('latency'),
    ...cost('download'),
    ...(info.objectives.includes('memory') ? cost('memory') : []),
    ...deviceMeasures(info).flatMap(({ name }) => cost(name)),
  ];
}

/** The number on the front, a diamond for the original, nothing for the rest. */
export function badge({ role, rank }: Pick<FrontRow, 'role' | 'rank'>): Markup {
  const said = { baseline: 'original', front: `number ${rank} of the front`, other: 'not on the front' }[role];
  const shown = { baseline: '◆', front: String(rank), other: '○' }[role];
  return element('span', { class: `badge ${role}`, title: said }, shown);
}

function broken({ breaks }: FrontRow): Markup | undefined {
  if (breaks.length === 0) return undefined;
  return element('small', { class: 'bad' }, `breaks ${breaks.map(limitName).join(', ')}`);
}
