import { join } from 'node:path';
import { lookup, UnsupportedError } from '../../base/index.js';
import { frontTable } from '../../report/render/index.js';
import { parseRule, type RunInfo } from '../../strategies/index.js';
import { checkFolder } from '../checks.js';
import type { AddCommand } from '../command.js';
import { hardwareFrom } from '../hardware.js';
import { runDetached } from '../optimizing/detach.js';
import { checkDevice } from '../optimizing/device.js';
import { addRunOptions, type Options } from '../optimizing/options.js';
import { runOptimization, serveJobs } from '../optimizing/run.js';
import { checkStart, openStart } from '../optimizing/start.js';
import type { Limited } from '../options.js';
import { namedPaths, readLocated, withLocated } from '../queue/located.js';

/** The main job. */
export const optimizeCommand: AddCommand = (program, run) => {
  addRunOptions(program.command('optimize [model]'))
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  $ espalier optimize model.onnx --data photos/ --max-drop 1 --budget 30m --out better/',
        '  $ espalier optimize --arch survey-cnn --width 0.25 --data digits --max-size 100KB --out better/',
        '  $ espalier optimize model.onnx --data /shared/photos --out /shared/better --queue redis://10.0.0.5:6379 --wave 8',
        '  $ espalier optimize model.onnx --data photos/ --out runs/better --queue redis://10.0.0.5:6379 --store http://10.0.0.5:8080',
        '  $ espalier optimize model.onnx --data photos/ --out better/ --detach      and then: espalier watch better/',
        '  $ espalier optimize model.onnx --data photos/ --out longer/ --trials 60 --stopper asha --warm-start better/',
        '  $ espalier optimize model.onnx --data photos/ --out better/ --device "my phone" --host 0.0.0.0 --tls',
        '',
        'Killed or stopped, the same command goes on where it was.',
      ].join('\n'),
    )
    .action(
      run(async (context, given: Omit<Options, 'limit'> & { limit?: Limited }, named: string | undefined) => {
        const located = given.located === undefined ? undefined : readLocated(given.located);
        const asked: Options = { ...given, limit: given.limit?.samples, rules: given.limit?.rules.map(parseRule) };
        const options = located ? withLocated(asked, located) : asked;
        const path = located && named !== undefined ? lookup(located.inputs, named) : named;
        const hardware = options.hardware === undefined ? undefined : hardwareFrom(options.hardware);
        checkStart(path, options);
        checkDevice(options);
        checkFolder(options.out);
        if (options.detach) return runDetached(options.out, context);
        const start = await openStart(path, options, context);
        if (options.serveJobs) return serveJobs(start, { ...options, hardware, remote: located }, context);
        const info = await runOptimization(start, { ...options, hardware, inputs: namedPaths(path, options) }, context);
        const { width, color } = context.output;
        context.output.result(info, `${frontTable(info, { width, color })}\n\nReport: ${join(options.out, 'report.html')}`);
        checkOutcome(info);
      }),
    );
};

/** @throws UnsupportedError where the search came to an end and no recipe could be applied, with the reasons. */
function checkOutcome({ models, failures, name }: RunInfo): void {
  if (models.length > 0 || failures.length === 0) return;
  const reasons = [...new Set(failures.map(({ message }) => message))];
  throw new UnsupportedError({
    what: `No recipe could be applied: ${failures.length} of ${failures.length} trials failed`,
    where: name,
    got: reasons.slice(0, 3).join(' / ').replace(/\.$/, ''),
  });
}
