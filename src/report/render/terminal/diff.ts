import type { ChangedSample, ClassChanges, DiffInfo, LayerCause } from '../../../diagnosis/index.js';
import { diffSummary, shareText, significant } from '../../info/index.js';
import { plain } from '../plain.js';
import { blocksText } from './blocks.js';
import { type Column, table } from './table.js';
import { bar, type Painter, painter, type TerminalOptions, wrapped } from './text.js';

/** Layers and classes that are listed. */
const MOST = 10;

/** What two models answer differently, for the terminal. */
export function diffText(info: DiffInfo, { width = 100, color = false }: TerminalOptions = {}): string {
  const paint = painter(color);
  const moved = info.classes.filter(({ lost, gained, other }) => lost + gained + other > 0);
  return blocksText([
    diffSummary(info).flatMap((text, i) => wrapped(plain(text), width, '  ').map((line) => (i === 0 ? paint(line, 'bold') : line))),
    listed(classColumns, moved.slice(0, MOST), width, paint),
    listed(sampleColumns, info.worst, width, paint),
    [...listed(layerColumns, info.layers.slice(0, MOST), width, paint), ...wrapped(paint(plain(info.layersNote), 'dim'), width, '  ')],
  ]);
}

/** A table, or nothing where there are no rows. */
function listed<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number, paint: Painter): string[] {
  return rows.length === 0 ? [] : table(columns as Column<Row>[], rows, width, paint);
}

const classColumns: Column<ClassChanges>[] = [
  { heading: 'class', text: ({ name }) => plain(name), shrink: { least: 8 } },
  { heading: 'samples', align: 'right', text: ({ samples }) => String(samples) },
  { heading: 'lost', align: 'right', text: ({ lost }) => String(lost || '·'), style: ({ lost }) => (lost > 0 ? 'red' : undefined) },
  {
    heading: 'gained',
    align: 'right',
    text: ({ gained }) => String(gained || '·'),
    style: ({ gained }) => (gained > 0 ? 'green' : undefined),
  },
  { heading: 'other', align: 'right', text: ({ other }) => String(other || '·') },
];

const sampleColumns: Column<ChangedSample>[] = [
  { heading: 'sample', align: 'right', text: ({ index }) => String(index) },
  { heading: 'what it is', text: ({ shown }) => plain(shown.text), shrink: { least: 16 } },
  { heading: 'true', text: ({ target }) => plain(target ?? '') },
  { heading: 'before', text: ({ before }) => plain(before) },
  {
    heading: 'after',
    text: ({ after }) => plain(after),
    style: ({ kind }) => (kind === 'lost' ? 'red' : kind === 'gained' ? 'green' : undefined),
  },
];

const layerColumns: Column<LayerCause>[] = [
  { heading: 'layers, by what they change alone', text: ({ value }) => plain(value), shrink: { least: 16, where: 'middle' } },
  { heading: 'operator', text: ({ op }) => plain(op), drop: 1 },
  { heading: 'samples', align: 'right', text: ({ samples }) => String(samples ?? '–') },
  { heading: 'of the change', align: 'right', text: ({ share }) => shareText(share) },
  { heading: '', text: ({ share }) => bar(Math.min(1, share), 12), style: () => 'cyan', drop: 2 },
  { heading: 'own error', align: 'right', text: ({ error }) => significant(error, 2) },
];
