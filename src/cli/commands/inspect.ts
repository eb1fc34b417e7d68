import { writeFileAtomic } from '../../base/node/index.js';
import { loadModel, modelBytes } from '../../formats/node/index.js';
import { footprint } from '../../infrastructure/hardware/index.js';
import { inspectHtml, inspectTable } from '../../report/render/index.js';
import type { AddCommand } from '../command.js';
import { requireDims, requireShapes } from '../input-shapes.js';
import type { CommonOptions } from '../options.js';
import { positiveInteger, shapes, sizes } from '../units.js';

interface Options extends CommonOptions {
  html?: string;
  batch: number;
  dims?: Record<string, number>;
  shape?: Record<string, number[]>;
}

/** Layers, parameters, MACs, bytes and memory of a model, without running it. */
export const inspectCommand: AddCommand = (program, run) => {
  program
    .command('inspect <model>')
    .option('--html <file>', 'write a page instead of a table')
    .option('--batch <number>', 'samples at a time, where the model leaves that open', positiveInteger, 1)
    .option('--dims <sizes>', 'sizes of other open dimensions, e.g. length=128,width=640', sizes)
    .option('--shape <shapes>', 'shapes of inputs, e.g. "input=1x3x224x224;mask=1x8"', shapes)
    .addHelpText('after', '\nExample:\n  $ espalier inspect model.onnx --html model.html')
    .action(
      run(async (context, { html, batch, dims, shape }: Options, path: string) => {
        const { output } = context;
        if (html) context.willWrite(html);
        const model = loadModel(path);
        requireShapes(model, shape);
        requireDims(model, dims);
        const cost = footprint(model, { batch, bindings: dims, inputShapes: shape, bytes: modelBytes(path) });
        if (html) {
          await writeFileAtomic(html, inspectHtml(cost, path));
          output.info(`Wrote ${html}`);
        }
        if (!html || output.isJson)
          output.result({ model: path, ...cost }, inspectTable(cost, { name: path, width: output.width, color: output.color }));
      }),
    );
};
