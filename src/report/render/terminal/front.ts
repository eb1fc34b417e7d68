import type { RunInfo } from '../../../strategies/index.js';
import {
  type FrontRow,
  formatBytes,
  formatChange,
  formatCount,
  formatInterval,
  formatMs,
  formatQuality,
  formatRatio,
  formatSeconds,
  frontRows,
  limitOption,
  lossOf,
  type MeasureName,
  plural,
  runWarnings,
  servingConditions,
  shortMetricName,
  significant,
  summarize,
  trainingText,
} from '../../info/index.js';
import { plain } from '../plain.js';
import { blocksText } from './blocks.js';
import { keyOf } from './keys.js';
import { frontScatter } from './scatter.js';
import { type Column, table } from './table.js';
import { type Painter, painter, type TerminalOptions, wrapped } from './text.js';

export interface FrontTableOptions extends TerminalOptions {
  /** List the models that are not on the front too; quality is then that of the validation part, which all have. Default false. */
  all?: boolean;
  /** Draw quality against size in text. Default true. */
  scatter?: boolean;
}

/** A run for the terminal: warnings first, then what came out in plain words, the table of the front, and a small picture of it. */
export function frontTable(info: RunInfo, { width = 100, color = false, all = false, scatter = true }: FrontTableOptions = {}): string {
  const paint = painter(color);
  const rows = frontRows(info).filter((row) => all || row.role !== 'other');
  const { headline, details, success } = summarize(info);
  const paragraph = (text: string, indent = '') => wrapped(plain(text), width, indent);
  const models = table(columns(info, rows), rows, width, paint);
  const isShown = (heading: string) => models[0].includes(heading);
  return blocksText([
    runWarnings(info).flatMap((text) => paragraph(`! ${text}`, '  ').map((line) => paint(line, 'yellow'))),
    [
      ...paragraph(headline).map((line) => paint(line, success ? 'green' : 'bold')),
      ...(details.length > 0 ? paragraph(details.join(' ')) : []),
    ],
    models,
    scatter ? frontScatter(info, width, paint) : [],
    notes(info, rows, isShown, width, paint),
  ]);
}

const SERVED = 'samples/s';

function columns(info: RunInfo, rows: readonly FrontRow[]): Column<FrontRow>[] {
  const { metric } = info.task;
  // One column holds figures of one part of the data only.
  const onTest = rows.every((row) => row.test);
  const quality = (row: FrontRow) => (onTest && row.test) || row.validation;
  const baseline = rows[0];
  const change = (row: FrontRow) => quality(row).value - quality(baseline).value;
  const loss = (row: FrontRow) => lossOf(metric, quality(baseline).value, quality(row).value);
  const dim = (row: FrontRow) => (row.role === 'other' ? ('dim' as const) : undefined);
  const cost = (name: MeasureName, heading: string, more: string, format: (value: number | undefined) => string, drop: number) => [
    column(heading, (row) => format(row.costs[name]?.value), drop, dim),
    column(
      more,
      (row) => (row === baseline ? '' : formatRatio(row.costs[name]?.ratio)),
      drop,
      (row) => {
        const ratio = row.costs[name]?.ratio ?? 1;
        return dim(row) ?? (ratio > 1.05 ? 'green' : ratio < 0.95 ? 'red' : undefined);
      },
    ),
  ];
  const samples = (row: FrontRow) => quality(row).samples;
  return [
    column('#', (row) => keyOf(row), 0, dim),
    {
      heading: 'model',
      text: (row) => plain(row.label) + (row.breaks.length > 0 ? ` (breaks ${row.breaks.map(limitOption).join(', ')})` : ''),
      style: (row) => (row.role === 'baseline' ? 'bold' : dim(row)),
      shrink: { least: 28, where: 'middle' },
    },
    column(
      `${shortMetricName(metric)} (${onTest ? 'test' : 'validation'})`,
      (row) => formatQuality(metric, quality(row).value, samples(row)),
      0,
      dim,
    ),
    column(
      'change',
      (row) => (row === baseline ? '' : formatChange(metric, change(row), quality(baseline))),
      0,
      (row) => dim(row) ?? (loss(row) > 1 ? 'red' : loss(row) < 0 ? 'green' : undefined),
    ),
    column(
      '95% interval',
      (row) => formatInterval(metric, quality(row).interval, samples(row)),
      4,
      () => 'dim',
    ),
    ...cost('bytes', 'size', 'smaller', formatBytes, 0),
    ...cost('macs', 'MACs', 'fewer', formatCount, 1),
    ...cost('latency', 'latency', 'faster', formatMs, 2),
    column(SERVED, (row) => (row.served === undefined ? '-' : formatCount(row.served)), 4, dim),
    ...cost('cost', 'per million', 'cheaper', (value) => (value === undefined ? '-' : significant(value)), 3),
    column('download', (row) => formatBytes(row.costs.download?.value), 5, dim),
    ...(info.objectives.includes('memory') ? cost('memory', 'memory', 'less', formatBytes, 1) : []),
  ];
}

function column(
  heading: string,
  text: Column<FrontRow>['text'],
  drop: number,
  style: NonNullable<Column<FrontRow>['style']>,
): Column<FrontRow> {
  return { heading, text, drop, style, align: 'right' };
}

function notes(info: RunInfo, rows: readonly FrontRow[], isShown: (heading: string) => boolean, width: number, paint: Painter): string[] {
  const { finished, failed, stopped } = info.trials;
  const trials = [
    `${finished} finished`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(stopped > 0 ? [`${stopped} stopped early`] : []),
  ];
  const hidden = info.models.length + 1 - rows.length;
  const { latency, serving = [] } = info.baseline.footprint;
  const training = trainingText(info);
  const text = [
    `Trials: ${trials.join(', ')}; ${formatSeconds(info.seconds)}, seed ${info.seed}.`,
    ...(hidden > 0 ? [`${plural(hidden, 'more model')} ${hidden === 1 ? 'is' : 'are'} in the report, beaten or outside the limits.`] : []),
    ...(latency && !latency.estimatedFor && isShown('latency')
      ? [
          `Latency${latency.device === undefined ? '' : ` on ${latency.device}`}: median of batch ${latency.batch}, ${plural(latency.threads, 'thread')}, ${latency.backend}.`,
        ]
      : []),
    ...(serving.length > 0 && isShown(SERVED)
      ? [`Samples/s: the most of ${requestsText(serving)} at a time. ${servingConditions(serving, info)}`]
      : []),
    ...(training === undefined ? [] : [training]),
    ...info.remarks,
  ].join(' ');
  return wrapped(plain(text), width).map((line) => paint(line, 'dim'));
}

/** "1 to 8 requests". */
function requestsText(serving: readonly { readonly concurrent: number }[]): string {
  const counts = serving.map(({ concurrent }) => concurrent);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? plural(most, 'request') : `${least} to ${most} requests`;
}
