import { agreementScale, hiddenChange, lossBetween, metricNamed, share } from '../metrics/index.js';
import type { Quality, Task } from '../training/index.js';

/** Enough samples for two digits after the point. */
const MANY = 5000;

/** A quality as text: every metric, and what stands behind it as far as it fits a terminal. */
export function describeQuality(quality: Quality, task: Pick<Task, 'parts'>): string {
  const { samples, details, confusion } = quality;
  const parts = partLines(quality);
  const { label, name } = metricNamed(quality.metric);
  const lines = [[label, `${qualityText(quality)}${intervalText(quality)}`]];
  for (const [other, value] of Object.entries(details))
    if (other !== name) lines.push([metricNamed(other).label, metricNamed(other).scale.format(value, MANY)]);
  lines.push(['samples', String(samples)]);
  const width = Math.max(...lines.map(([key]) => key.length));
  const table = lines.map(([key, value]) => `${key.padEnd(width)}  ${value}`);
  return [...table, ...(confusion ? ['', ...confusionLines(confusion, task.parts)] : []), ...(parts.length > 0 ? ['', ...parts] : [])].join(
    '\n',
  );
}

/** The matrix itself up to twenty classes; beyond that the confusions that happen most. */
function confusionLines(confusion: readonly (readonly number[])[], classes: readonly string[]): string[] {
  const name = (index: number) => classes[index] ?? String(index);
  if (confusion.length > 20) {
    const worst = confusion.flatMap((row, i) => row.map((count, j) => ({ i, j, count }))).filter(({ i, j, count }) => i !== j && count > 0);
    worst.sort((a, b) => b.count - a.count);
    return [
      'most frequent confusions (true -> predicted):',
      ...worst.slice(0, 10).map(({ i, j, count }) => `  ${name(i)} -> ${name(j)}: ${count}`),
    ];
  }
  const width = Math.max(4, ...confusion.flat().map((count) => String(count).length + 1));
  const labels = classes.map((label) => label.slice(0, 12).padEnd(12));
  const head = `${' '.repeat(12)}${confusion
    .map((_, j) =>
      name(j)
        .slice(0, width - 1)
        .padStart(width),
    )
    .join('')}`;
  return [
    'confusion (rows true, columns predicted):',
    head,
    ...confusion.map(
      (row, i) => `${labels[i] ?? String(i).padEnd(12)}${row.map((count) => String(count || '·').padStart(width)).join('')}`,
    ),
  ];
}

/** Channels below this are worth a line, where the others follow the original closely. */
const CLOSE = 0.999;
/** Channels that are listed. */
const MOST_CHANNELS = 5;

/** The columns or channels that are worst. */
function partLines({ channels = [], columns = [], metric }: Quality): string[] {
  const { label, scale } = metricNamed(metric);
  if (columns.length > 0)
    return [
      `${label} by column: ${columns
        .slice(0, MOST_CHANNELS)
        .map(({ name, value }) => `${name} ${scale.format(value, MANY)}`)
        .join(', ')}`,
    ];
  const shown = channels.filter(({ fidelity }, i) => i === 0 || fidelity < CLOSE).slice(0, MOST_CHANNELS);
  if (shown.length === 0 || (shown.length === 1 && shown[0].fidelity >= CLOSE)) return [];
  return [
    'least like the original, by channel (R² against it):',
    ...shown.map((each) => `  "${each.output}" [${each.channel}]  ${channelText(each)}`),
  ];
}

/** Below this R² says no more than that nothing is left. */
const LOST = -10;

/** A channel's R². Of one that hardly moves in the original it divides by next to nothing: then also how large the difference is. */
function channelText({ fidelity, still }: NonNullable<Quality['channels']>[number]): string {
  if (still === undefined) return fidelity.toFixed(4);
  const value = fidelity < LOST ? `below ${LOST}` : fidelity.toFixed(4);
  return `${value} (it hardly varies in the original: the difference is ${(100 * still).toPrecision(3)}% of its size)`;
}

/** Quality before and after, with its interval and agreement; what got worse comes first. */
export function changedQuality(before: Quality | undefined, after: Quality | undefined, task: Task): string[] {
  if (!before || !after) return [];
  const { label, scale } = task.metric;
  const loss = 100 * lossBetween(task.metric, before.value, after.value);
  const change = scale === share ? scale.formatChange(after.value - before.value, before.value, MANY) : undefined;
  return [
    ...(loss > 0.5 ? [`Loses ${loss.toFixed(2)} ${scale.unit} of ${label}.`] : []),
    row(`test ${label}`, qualityText(before), qualityText(after), change ? `${change} points` : `${signed(-loss)} ${scale.unit}`),
    ...(after.interval ? [`${''.padEnd(16)}${intervalText(after).trim()}`] : []),
    ...agreementLines(before, after, task),
    ...partLines(after),
  ];
}

/** What is said where there is no data: how closely the model follows the original on made-up inputs. */
export function unmeasured(madeUp: Quality | string | undefined): string[] {
  const said = 'Quality was not measured, because no data was given.';
  if (madeUp === undefined || typeof madeUp === 'string') return [said, ...(madeUp ? [madeUp] : [])];
  const { metric, value, samples, details, channels: [worst] = [] } = madeUp;
  const { label, scale } = metricNamed(metric);
  const noise = details.sqnr === undefined ? '' : `, SQNR ${metricNamed('sqnr').scale.format(details.sqnr)}`;
  const text = metric === 'fidelity' && worst?.still !== undefined ? channelText(worst) : scale.format(value, MANY);
  return [`${said} On ${samples} made-up input${samples === 1 ? '' : 's'}: ${label} ${text}${noise}.`];
}

function agreementLines(before: Quality, after: Quality, { metric }: Task): string[] {
  if (!after.agreement) return [];
  const hidden = hiddenChange(before, after, metric);
  const scale = agreementScale(after.agreement);
  const what = after.agreement.measure === 'share' ? 'same answers' : 'R² to original';
  return [row(what, '', scale.format(after.agreement.value, MANY), ''), ...(hidden ? [hidden.text] : [])];
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;
}

/** "97.89%", or "0.9876" for R². */
export function qualityText({ metric, value }: Quality): string {
  return metricNamed(metric).scale.format(value, MANY);
}

/** "  (95% interval 97.10% to 98.02%)", or nothing where there is none. */
export function intervalText({ metric, interval }: Quality): string {
  if (!interval) return '';
  const { format } = metricNamed(metric).scale;
  return `  (95% interval ${format(interval[0], MANY)} to ${format(interval[1], MANY)})`;
}

/** One line of a comparison. */
export function row(name: string, before: string, after: string, change: string): string {
  return `${name.padEnd(16)}${before.padStart(12)} -> ${after.padStart(10)}   ${change}`.trimEnd();
}
