import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError, Stopped } from '../../base/index.js';
import { frontTable, liveText } from '../../report/render/index.js';
import { type LiveRun, parseRunInfo } from '../../strategies/index.js';
import { followRun } from '../../strategies/node/index.js';
import type { AddCommand } from '../command.js';
import { Screen } from '../screen.js';

/** Follows a run until it ends. */
export const watchCommand: AddCommand = (program, run) => {
  program
    .command('watch <folder>')
    .addHelpText(
      'after',
      [
        '',
        'Ends when the run does, with its exit code: 0 complete, 1 failed, 130 stopped. Looks only: Ctrl-C ends the looking, not the run. With --json the run as it stands is the first line,',
        'and each line after it what has changed.',
        '',
        'Examples:',
        '  $ espalier watch better/',
        '  $ espalier watch better/ --json | jq .secondsLeft',
      ].join('\n'),
    )
    .action(
      run(async (context, _options, folder: string) => {
        const { output } = context;
        const followed = await followRun(folder, {
          onError: (error) => output.message({ level: 'warning', text: String((error as Error).message) }),
        });
        context.defer(() => followed.close());
        const screen = new Screen(output);
        const show = () => screen.show((width, color) => liveText(followed.run(), { width, color }));
        const first = followed.run();
        if (output.isJson) output.line(first);
        else show();
        await new Promise<void>((resolve) => {
          if (hasEnded(first)) return resolve();
          followed.onChange((change) => {
            if (output.isJson) output.line(change);
            else show();
            if (change.state !== undefined && hasEnded({ state: change.state })) resolve();
          });
        });
        const { state, error, name } = followed.run();
        if (state === 'failed') throw new EspalierError({ what: 'The run failed', where: name, got: error });
        if (state === 'stopped')
          throw new Stopped({ what: 'Nobody is at work in the run', where: folder, fix: 'The same optimize command goes on with it.' });
        if (output.isJson) return;
        const path = join(folder, 'front.json');
        const info = parseRunInfo(JSON.parse(await readFile(path, 'utf8')), path);
        output.result(info, frontTable(info, { width: output.width, color: output.color }));
      }),
    );
};

function hasEnded({ state }: Pick<LiveRun, 'state'>): boolean {
  return state === 'complete' || state === 'failed' || state === 'stopped';
}
