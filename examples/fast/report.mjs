// Writes docs/fast.md's table from the results of fast-cifar10.mjs.
import { readFileSync } from 'node:fs';
import { percent, table, writePart } from '../support/page.mjs';

const NAMES = { espalier: 'Espalier', pytorch: 'PyTorch' };

export function writeReport(results) {
  const { machine, recipe, records } = JSON.parse(readFileSync(results, 'utf8'));
  const engines = Object.keys(NAMES).filter((engine) => records.some((record) => record.engine === engine));
  const rows = engines.map((engine) => {
    const own = records.filter((record) => record.engine === engine);
    const accuracies = own.map(({ accuracy }) => percent(accuracy)).join(', ');
    const minutes = own.map(({ seconds }) => (seconds / 60).toFixed(1)).join(', ');
    return [
      NAMES[engine],
      percent(mean(own, 'accuracy')),
      accuracies,
      percent(mean(own, 'single')),
      (mean(own, 'seconds') / 60).toFixed(1),
      minutes,
    ];
  });
  const { flops, parameters, macs, shippedMacs } = records.find(({ engine }) => engine === 'espalier');
  const { epochs, batchSize } = recipe.training;
  const version = records.find(({ engine }) => engine === 'pytorch')?.version;
  const text = [
    table([['engine', 'mean accuracy, %', 'by seed', 'without the second look', 'mean minutes', 'by seed'], ...rows]),
    '',
    `${epochs} epochs, batches of ${batchSize}; ${parameters.toLocaleString('en')} stored numbers, ${(macs / 1e6).toFixed(1)} M multiply-accumulates an image, ${(shippedMacs / 1e6).toFixed(1)} M with the second look; ${flops.toExponential(1)} FLOPs of training (two for each multiply-accumulate, three times the forward pass).`,
    `${machine.processor}, ${machine.threads} threads, Node ${machine.node}${version ? `, PyTorch ${version}` : ''}.`,
  ].join('\n');
  writePart('docs/fast.md', 'results', text);
}

function mean(records, key) {
  return records.reduce((sum, record) => sum + record[key], 0) / records.length;
}
