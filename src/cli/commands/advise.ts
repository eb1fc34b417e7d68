import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import { formatBytes, formatCount } from '../../base/index.js';
import { readJson } from '../../base/node/index.js';
import { isTfliteName, loadModel, modelBytes } from '../../formats/node/index.js';
import { type Advice, advise, type Expected, gainsTable, PLACES, type Place, seenIn } from '../../strategies/index.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';
import { asFlag } from '../technique-flags.js';

interface Options extends CommonOptions {
  for: Place;
}

const EXAMPLES = `
Examples:
  $ espalier advise model.onnx
  $ espalier advise model.onnx --for web --json

Nothing is run: gains are expected by the graph, from a table of measured ones. A range is what four of five other models were within.`;

/** What to try on a model, with the command and the gain to expect. */
export const adviseCommand: AddCommand = (program, run) => {
  program
    .command('advise <model>')
    .addOption(new Option('--for <place>', 'where the model is to run').choices(PLACES).default('cpu'))
    .addHelpText('after', EXAMPLES)
    .action(
      run(async ({ output }, { for: place }: Options, path: string) => {
        const table = gainsTable.parse(readJson(fileURLToPath(new URL('../../../assets/gains.json', import.meta.url))));
        const seen = seenIn(loadModel(path), modelBytes(path));
        const { advice, not } = advise(table, seen, place);
        const told = advice.map((each) => ({ ...each, command: commandFor(each, path) }));
        const head = `${path} (${formatBytes(seen.bytes)}, ${formatCount(seen.macs)} MACs) for ${place}: expected by ${table.models} measured models, and what 4 of 5 of them were within.`;
        const lines = [
          head,
          ...(told.length === 0 ? ['', 'Nothing that was measured is expected to gain anything.'] : told.flatMap(linesOf)),
          ...(not.length > 0 ? ['', 'Not advised:', ...not.map(({ way, why }) => `  ${way}: ${why}`)] : []),
        ];
        output.result({ model: path, for: place, ...seen, advice: told, not }, lines.join('\n'));
      }),
    );
};

function linesOf({ way, size, latency, fidelity, tried, written, command, trains }: Advice & { command: string }, index: number): string[] {
  const closeness = fidelity
    ? `   worst output ${fidelity.value.toFixed(0)} dB (${fidelity.low.toFixed(0)} to ${fidelity.high.toFixed(0)})`
    : '';
  return [
    '',
    `${index + 1}. ${way}   file ${ratio(size)}   time ${ratio(latency)}${closeness}`,
    `   written for ${written} of ${tried} models${trains ? '; after few steps of training: more are better' : ''}`,
    `   ${command}`,
  ];
}

function ratio({ value, low, high }: Expected): string {
  return `${value.toFixed(2)}x (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** What is to be typed; data is the user's own. */
function commandFor({ technique, options, needsData, way }: Advice, path: string): string {
  const flags = Object.entries(options).map(([name, value]) => asFlag(`${name}=${value}`));
  const extension = isTfliteName(path) ? '.tflite' : '.onnx';
  const out = `${basename(path, extension)}.${way.replaceAll(' ', '-')}${extension}`;
  return ['espalier apply', technique, quoted(path), ...(needsData ? ['--data DATA'] : []), ...flags, '-o', quoted(out)].join(' ');
}

function quoted(text: string): string {
  return /^[\w./@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
