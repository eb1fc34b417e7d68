import { statSync } from 'node:fs';
import { Option } from 'commander';
import { OptionError } from '../../base/index.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';
import { type AddressOptions, addAddressOptions, addressOf } from '../studio/address.js';
import { serveStudio } from '../studio/serve.js';
import { makeTokenFile, tokenFrom } from '../token.js';

interface Options extends CommonOptions, AddressOptions {
  tokenFile?: string;
  readOnly?: boolean;
  open?: boolean;
}

/** Runs as pages in a browser: watched, steered, started; and devices that measure models. */
export const studioCommand: AddCommand = (program, run) => {
  addAddressOptions(program.command('studio [folder]'), 'it')
    .option(
      '--token-file <file>',
      'the token of the link, made where there is no such file: it stays the same, for workers (default: ESPALIER_TOKEN, else a new one)',
    )
    .option('--read-only', 'only look: nothing is started, steered or measured')
    .addOption(new Option('--open', 'open the page in the browser'))
    .addHelpText(
      'after',
      [
        '',
        'Shows every run below the folder (default: the current one), while it goes on and afterwards, until it is stopped (Ctrl-C or SIGTERM). Runs that are started in the page are processes',
        'of their own: they go on when the studio ends. Whoever has the link may do what you may: keep it to yourself.',
        '',
        'Examples:',
        '  $ espalier studio runs/ --open',
        '  $ espalier studio runs/ --host 0.0.0.0 --tls    a phone in the same network can measure models',
        '  $ espalier studio runs/ --host 0.0.0.0 --tls --token-file token    and workers of other machines leave models: espalier worker --help',
      ].join('\n'),
    )
    .action(
      run(async (context, options: Options, folder = '.') => {
        const { output } = context;
        requireFolder(folder);
        const address = await addressOf(options);
        if (options.tokenFile !== undefined) makeTokenFile(options.tokenFile);
        const token = tokenFrom(options.tokenFile);
        const { isLoopback } = await import('../../studio/server/index.js');
        if (!isLoopback(address.host) || address.publicUrl)
          for (const text of risks(options, address.tls !== undefined)) output.message({ level: 'warning', text });
        await serveStudio(context, { root: folder, ...address, token, isReadOnly: options.readOnly }, async (links) => {
          output.result({ links }, links.join('\n'));
          if (!options.open) return;
          const { openPage } = await import('../studio/open-page.js');
          context.defer(await openPage(links[0]));
        });
      }),
    );
};

function requireFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new OptionError({ what: 'There is no such folder', where: path, expected: 'a folder with runs, or one to put runs into' });
}

/** What others can do, for who lets them reach the studio. */
function risks({ host, readOnly, publicUrl }: Options, isTls: boolean): string[] {
  const who = publicUrl ? 'Everyone who reaches the tunnel' : `Everyone who reaches ${host}`;
  const what = readOnly
    ? 'sees every run below the folder and downloads its files'
    : 'sees every run below the folder and downloads its files, starts and changes runs, which are processes with your rights, and writes uploads to your disk';
  const plain = 'It is plain http: whoever is on the way reads all of it, the link included. --tls encrypts it.';
  return [
    `${who} and has the link ${what}. Without the link nothing but the empty pages is to be had.`,
    ...(isTls || publicUrl ? [] : [plain]),
  ];
}
