import type { LiveRun, LiveWorker, ModelInfo } from '../../../strategies/index.js';
import { formatBytes, formatCount, formatQuality, formatSeconds, plural, shortMetricName } from '../../info/index.js';
import { plain } from '../plain.js';
import { blocksText } from './blocks.js';
import { type Column, table } from './table.js';
import { painter, type TerminalOptions, wrapped } from './text.js';

/** Models that are listed at most. */
const MOST = 15;

/** A run in progress for the terminal: how far it is, who does what, and its front so far, on validation data. */
export function liveText(run: LiveRun, { width = 100, color = false }: TerminalOptions = {}): string {
  const paint = painter(color);
  const front = run.models.filter(({ onFront }) => onFront).sort((a, b) => a.footprint.bytes - b.footprint.bytes);
  const rows = [...(run.baseline ? [run.baseline] : []), ...front.slice(0, MOST)];
  const hidden = front.length - MOST;
  return blocksText([
    wrapped(plain(`${run.name}: ${liveLine(run)}`), width, '  ').map((line) => paint(line, 'bold')),
    run.workers
      .filter(({ task }) => task !== undefined)
      .flatMap((worker) => wrapped(plain(workerLine(worker)), width, '  ').map((line) => paint(line, 'dim'))),
    rows.length === 0 ? [] : table(columnsOf(run), rows, width, paint),
    hidden > 0 ? [paint(`… and ${plural(hidden, 'model')} more`, 'dim')] : [],
  ]);
}

/** "searching, 5 of 12 trials, 3 on the front, 4 min left". */
export function liveLine({ state, error, trials, wanted, models, secondsLeft }: LiveRun): string {
  const ended = trials.filter((trial) => trial.state !== 'running').length;
  const stopped = trials.filter((trial) => trial.state === 'stopped').length;
  const front = models.filter(({ onFront }) => onFront).length;
  const left = secondsLeft === undefined ? [] : [`${formatSeconds(secondsLeft)} left`];
  return [
    error === undefined ? state : `${state} (${error})`,
    `${ended} of ${plural(wanted, 'trial')}`,
    ...(stopped > 0 ? [`${stopped} stopped early`] : []),
    `${front} on the front`,
    ...left,
  ].join(', ');
}

function workerLine({ name, trial, task, done, total }: LiveWorker): string {
  const share = total ? ` ${Math.floor((100 * (done ?? 0)) / total)}%` : '';
  return `${name}: ${trial === undefined ? '' : `trial ${trial}, `}${task}${share}`;
}

function columnsOf({ task, baseline }: LiveRun): Column<ModelInfo>[] {
  const right = (heading: string, text: (model: ModelInfo) => string): Column<ModelInfo> => ({ heading, text, align: 'right' });
  return [
    {
      heading: 'model',
      text: ({ label }) => plain(label),
      style: (model) => (model === baseline ? 'bold' : undefined),
      shrink: { least: 28, where: 'middle' },
    },
    right(`${shortMetricName(task.metric)} (validation)`, ({ validation }) =>
      formatQuality(task.metric, validation.value, validation.samples),
    ),
    right('size', ({ footprint }) => formatBytes(footprint.bytes)),
    right('MACs', ({ footprint }) => formatCount(footprint.macs)),
  ];
}
