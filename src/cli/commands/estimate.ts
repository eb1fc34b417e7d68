import { basename } from 'node:path';
import { OptionError } from '../../base/index.js';
import { writeFileAtomic } from '../../base/node/index.js';
import { loadModel, modelBytes } from '../../formats/node/index.js';
import { estimateOn, type Footprint, footprint, hardwareModels } from '../../infrastructure/hardware/index.js';
import { estimateHtml, estimatesTable, estimateTable, hardwareTable } from '../../report/render/index.js';
import type { AddCommand } from '../command.js';
import type { CommandContext } from '../context.js';
import { hardwareFrom } from '../hardware.js';
import { requireDims, requireShapes } from '../input-shapes.js';
import type { CommonOptions } from '../options.js';
import { positiveInteger, shapes, sizes } from '../units.js';

interface Options extends CommonOptions {
  hardware?: string;
  list?: boolean;
  calibrate?: boolean;
  out?: string;
  threads?: number;
  html?: string;
  batch: number;
  dims?: Record<string, number>;
  shape?: Record<string, number[]>;
}

const EXAMPLES = `
Examples:
  $ espalier estimate model.onnx --hardware tpu-v1
  $ espalier estimate model.onnx --hardware a100-sxm --batch 32 --html model.html
  $ espalier estimate model.onnx --hardware mine.json --json
  $ espalier estimate model.onnx
  $ espalier estimate --list
  $ espalier estimate --calibrate -o this-machine.json

Nothing is run: every number is an estimate from published figures of the hardware. docs/hardware.md says how, and how far off they are.`;

/** Latency and energy on hardware that is not at hand, layer by layer, with what bounds each. */
export const estimateCommand: AddCommand = (program, run) => {
  program
    .command('estimate [model]')
    .option('--hardware <name>', 'a name that --list shows, or a JSON file (default: a line for each)')
    .option('--list', 'list the hardware that has a name')
    .option('--calibrate', 'time some 1300 small layers on this machine (three to four minutes), and write it as hardware to --out')
    .option('-o, --out <file>', 'where --calibrate writes (default: this-machine.json)')
    .option('--threads <number>', 'threads inside an operator while calibrating (default: 1)', positiveInteger)
    .option('--html <file>', 'write a page instead of a table')
    .option('--batch <number>', 'samples at a time, where the model leaves that open', positiveInteger, 1)
    .option('--dims <sizes>', 'sizes of other open dimensions, e.g. length=128,width=640', sizes)
    .option('--shape <shapes>', 'shapes of inputs, e.g. "input=1x3x224x224;mask=1x8"', shapes)
    .addHelpText('after', EXAMPLES)
    .action(
      run(async (context, options: Options, path: string | undefined) => {
        const { hardware, list = false, batch, dims, shape } = options;
        if (!options.calibrate) requireCalibrating(options);
        if (list) return listHardware(context);
        if (options.calibrate) return calibrateMachine(context, options);
        if (path === undefined) {
          throw new OptionError({ what: 'There is no model to estimate', fix: 'Name an ONNX file, or give --list for the hardware.' });
        }
        const model = loadModel(path);
        requireShapes(model, shape);
        requireDims(model, dims);
        const cost = footprint(model, { batch, bindings: dims, inputShapes: shape, bytes: modelBytes(path) });
        await (hardware === undefined ? onAll(context, path, cost, options) : onOne(context, path, cost, { ...options, hardware }));
      }),
    );
};

/** @throws OptionError for options of calibrating where nothing is calibrated. */
function requireCalibrating({ out, threads }: Options): void {
  for (const [name, value] of Object.entries({ '--threads': threads, '--out': out }))
    if (value !== undefined) throw new OptionError({ what: `${name} is for calibrating`, fix: 'Give --calibrate, or leave it out.' });
}

async function onOne(context: CommandContext, path: string, cost: Footprint, { hardware, html }: Options & { hardware: string }) {
  const { output } = context;
  if (html) context.willWrite(html);
  const estimate = estimateOn(cost, hardwareFrom(hardware));
  if (html) {
    await writeFileAtomic(html, estimateHtml(estimate, path));
    output.info(`Wrote ${html}`);
  }
  if (html && !output.isJson) return;
  output.result({ model: path, ...estimate }, estimateTable(estimate, { name: path, width: output.width, color: output.color }));
}

/** @throws OptionError for a page: it shows one estimate. */
async function onAll({ output }: CommandContext, path: string, cost: Footprint, { html }: Options) {
  if (html) throw new OptionError({ what: 'A page shows one estimate', where: '--html', fix: 'Name the hardware by --hardware.' });
  const estimates = hardwareModels().map((model) => estimateOn(cost, model));
  const table = estimatesTable(estimates, { name: path, width: output.width, color: output.color });
  output.result({ model: path, estimates: estimates.map(({ layers, gaps, ...totals }) => totals), gaps: cost.gaps }, table);
}

async function calibrateMachine(
  { runtime, output, activity, willWrite }: CommandContext,
  { out = 'this-machine.json', threads = 1 }: Options,
) {
  willWrite(out);
  const { calibrate } = await import('../../infrastructure/hardware/node/index.js');
  const profile = await calibrate(runtime, { ...activity, threads, name: basename(out, '.json') });
  await writeFileAtomic(out, `${JSON.stringify(profile, null, 1)}\n`);
  const { name, title, source, classes } = profile;
  const text = `Wrote ${out}: ${title}, ${Object.keys(classes).length} kernels.\nUse it: espalier estimate model.onnx --hardware ${out}`;
  output.result({ out, name, title, source, threads, kernels: Object.keys(classes).length }, text);
}

function listHardware({ output }: CommandContext): void {
  const hardware = hardwareModels().map(({ name, title, kind, source }) => ({ name, title, kind, source }));
  output.result({ hardware }, hardwareTable(hardware, { width: output.width, color: output.color }));
}
