import { Option } from 'commander';
import { thinned } from '../../data/index.js';
import { metricNamed } from '../../metrics/index.js';
import { evaluate, type Quality, type Task } from '../../training/index.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../context.js';
import type { AddCommand } from '../main.js';
import { intervalText, qualityText } from './results.js';

interface Options extends CommonOptions, DataOptions {
  split: 'train' | 'calibration' | 'validation' | 'test';
  reference?: string;
}

/** Quality of a model on data. */
export const evalCommand: AddCommand = (program, run) => {
  addDataOptions(program.command('eval <model>'))
    .description('how good a model is, by every metric of its task, with a 95% interval: accuracy, F1, AUC, R², RMSE, fidelity, ...')
    .addOption(
      new Option('--split <part>', 'which part of the data').choices(['train', 'calibration', 'validation', 'test']).default('test'),
    )
    .option('--reference <model>', 'the model whose outputs are the truth, whatever the data says')
    .addHelpText('after', '\nExample:\n  $ espalier eval model.onnx --data photos/ --json')
    .action(
      run(async (context, options: Options, path: string) => {
        const { output, activity, runtime } = context;
        const model = await context.model(path);
        const reference = options.reference === undefined ? undefined : await context.model(options.reference);
        const wanted = { ...options, limit: undefined, fidelity: options.fidelity || reference !== undefined };
        const task = await context.task(model, wanted, { reference });
        const { split, limit, threads } = options;
        const part = limit === undefined ? task.splits[split] : thinned(task.splits[split], limit, context.seed);
        const judged = { ...task, splits: { ...task.splits, [split]: part } };
        const quality = await evaluate(model, judged, runtime, { ...activity, split, threads });
        context.warnOf(quality, task);
        const { kind, parts } = task;
        const about = { model: path, split, task: kind, preprocess: task.feeds, classes: parts.length > 0 ? parts : undefined };
        output.result({ ...about, ...quality }, describe(quality, task));
      }),
    );
};

/** A quality as text: every metric, and what stands behind it as far as it fits a terminal. */
export function describe(quality: Quality, task: Pick<Task, 'parts'>): string {
  const { samples, details, confusion, channels } = quality;
  const { label, name } = metricNamed(quality.metric);
  const lines = [[label, `${qualityText(quality)}${intervalText(quality)}`]];
  for (const [other, value] of Object.entries(details))
    if (other !== name) lines.push([metricNamed(other).label, metricNamed(other).scale.format(value, MANY)]);
  lines.push(['samples', String(samples)]);
  const width = Math.max(...lines.map(([key]) => key.length));
  const table = lines.map(([key, value]) => `${key.padEnd(width)}  ${value}`);
  return [
    ...table,
    ...(confusion ? ['', ...confusionLines(confusion, task.parts)] : []),
    ...(channels ? ['', ...channelLines(channels)] : []),
  ].join('\n');
}

/** Enough samples for two digits after the point. */
const MANY = 5000;
/** Channels below this are worth a line, where the others follow the original closely. */
const CLOSE = 0.999;

function channelLines(channels: NonNullable<Quality['channels']>): string[] {
  const shown = channels.filter(({ fidelity }, i) => i === 0 || fidelity < CLOSE).slice(0, 5);
  return [
    'least like the original (R² against it, by channel):',
    ...shown.map(({ output, channel, fidelity }) => `  "${output}" [${channel}]  ${fidelity.toFixed(4)}`),
  ];
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
