import { Option } from 'commander';
import { type ClassificationReport, evaluate, type FidelityReport, type Quality } from '../../training/index.js';
import { thinned } from '../limit.js';
import type { AddCommand } from '../main.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';

interface Options extends CommonOptions, DataOptions {
  split: 'train' | 'calibration' | 'validation' | 'test';
  reference?: string;
}

/** Quality of a model on data. */
export const evalCommand: AddCommand = (program, run) => {
  addDataOptions(program.command('eval <model>'))
    .addOption(
      new Option('--split <part>', 'which part of the data').choices(['train', 'calibration', 'validation', 'test']).default('test'),
    )
    .option('--reference <model>', 'with --fidelity: the model whose outputs are the truth')
    .addHelpText('after', '\nExample:\n  $ espalier eval model.onnx --data photos/ --json')
    .action(
      run(async (context, options: Options, path: string) => {
        const { output, activity, runtime } = context;
        const model = await context.model(path);
        const reference = options.reference === undefined ? undefined : await context.model(options.reference);
        const task = await context.task(model, { ...options, limit: undefined, fidelity: options.fidelity || reference !== undefined });
        const { split, limit, threads } = options;
        const part = limit === undefined ? task.splits[split] : thinned(task.splits[split], limit, context.seed);
        const judged = { ...task, splits: { ...task.splits, [split]: part }, ...(task.kind === 'fidelity' && reference && { reference }) };
        const quality = await evaluate(model, judged, runtime, { ...activity, split, threads });
        const classes = task.kind === 'classification' ? task.classes : undefined;
        output.result({ model: path, split, preprocess: task.feeds, classes, ...quality }, describe(quality, classes));
      }),
    );
};

/** A quality as text: every metric, and the confusion matrix where it fits a terminal. */
export function describe(quality: Quality, classes: readonly string[] | undefined): string {
  const interval = quality.interval ? `  (95% interval ${percent(quality.interval[0])} to ${percent(quality.interval[1])})` : '';
  if ('fidelity' in quality)
    return [`${quality.metric}  ${quality.value.toFixed(4)}${interval}`, ...fidelityLines(quality.fidelity)].join('\n');
  const { report } = quality;
  const lines = [
    `accuracy   ${percent(report.accuracy)}${interval}`,
    ...(report.top5 === undefined ? [] : [`top-5      ${percent(report.top5)}`]),
    `macro F1   ${report.f1.toFixed(4)}`,
    `precision  ${report.precision.toFixed(4)}`,
    `recall     ${report.recall.toFixed(4)}`,
    `AUC        ${report.auc.toFixed(4)}`,
    `samples    ${report.samples}`,
  ];
  return [...lines, '', ...confusionLines(report, classes ?? [])].join('\n');
}

function fidelityLines({ r2, sqnr, cosine, maxDifference, agreement, samples }: FidelityReport): string[] {
  return [
    ...(agreement === undefined ? [] : [`agreement  ${percent(agreement)}`]),
    `r2         ${r2.toFixed(6)}`,
    `SQNR       ${Number.isFinite(sqnr) ? `${sqnr.toFixed(1)} dB` : 'infinite: the outputs are the same'}`,
    `cosine     ${cosine.toFixed(6)}`,
    `largest    ${maxDifference.toPrecision(3)} (absolute difference)`,
    `samples    ${samples}`,
  ];
}

/** The matrix itself up to twenty classes; beyond that the confusions that happen most. */
function confusionLines({ confusion }: ClassificationReport, classes: readonly string[]): string[] {
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

function percent(value: number): string {
  return `${(100 * value).toFixed(2)}%`;
}
