// What recomputation saves and costs: node bench/training/memory.mjs [--only resnet-20,mobilenet,transformer] [--rounds 3] [--clock processor]
//
// Each network with no budget, with three quarters and half of the memory that it is predicted to need then, and with the least that it can do
// with. Every run is a process of its own, and budgets take turns. Prints a table in Markdown.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { recompute } from 'espalier/autodiff';
import { buildTrainingStep, crossEntropy } from 'espalier/training';
import { median } from './median.mjs';
import { CASES } from './networks.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'resnet-20,mobilenet,transformer' },
    rounds: { type: 'string', default: '3' },
    clock: { type: 'string', default: 'wall' },
  },
});
const THREADS = 2;
const script = fileURLToPath(new URL('peak.mjs', import.meta.url));
const share = (part) => `${(100 * part).toFixed(0)}%`;

console.log('| network | budget | predicted | measured | multiply-accumulates | time |\n| --- | --- | --- | --- | --- | --- |');
for (const [index, make] of CASES.entries()) {
  const network = make();
  if (!values.only.split(',').includes(network.name)) continue;
  const { peakBytes: least, peakBytesBefore: whole } = leastFor(network);
  const budgets = [0, 0.75 * whole, 0.5 * whole, least].filter((budget) => budget === 0 || budget >= least);
  const runs = budgets.map(() => []);
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [each, budget] of budgets.entries()) runs[each].push(run(index, budget));
  const times = runs.map((all) => median(all.map(({ milliseconds }) => milliseconds)));
  for (const [each, budget] of budgets.entries()) {
    const { memory } = runs[each][0];
    const measured = median(runs[each].map(({ bytes }) => bytes));
    const cells = [
      network.label,
      budget === 0 ? 'none' : megabytes(budget),
      megabytes(memory?.peakBytes ?? whole),
      megabytes(measured),
      memory ? `+${((100 * memory.addedMacs) / memory.macs).toFixed(1)}%` : '',
      `${times[each].toFixed(0)} ms${each > 0 ? ` (${times[each] >= times[0] ? '+' : ''}${share(times[each] / times[0] - 1)})` : ''}`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

/** The smallest budget that can be met, and what a step needs without one. */
function leastFor({ model, batch }) {
  const [input] = model.graph.inputs;
  const { model: step } = buildTrainingStep(model, {
    batchSize: batch,
    inputShapes: { [input.name]: [batch, ...input.shape.slice(1)] },
    loss: crossEntropy(model.graph.outputs[0].name),
    watch: [model.graph.outputs[0].name],
    optimizer: { kind: 'adam' },
  });
  return recompute(step.graph, step.opsets, 0);
}

function run(index, budget) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, index, THREADS, Math.ceil(budget), values.clock], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
