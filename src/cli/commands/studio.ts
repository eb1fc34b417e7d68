import { statSync } from 'node:fs';
import { Option } from 'commander';
import { OptionError } from '../../base/index.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';
import { certificateFor } from '../studio/certificate.js';
import { serveStudio } from '../studio/serve.js';
import { makeTokenFile, tokenFrom } from '../token.js';
import { port } from '../units.js';

interface Options extends CommonOptions {
  host: string;
  port?: number;
  tls?: boolean;
  cert?: string;
  key?: string;
  publicUrl?: string;
  tokenFile?: string;
  readOnly?: boolean;
  open?: boolean;
}

/** Runs as pages in a browser: watched, steered, started; and devices that measure models. */
export const studioCommand: AddCommand = (program, run) => {
  program
    .command('studio [folder]')
    .option('--port <number>', 'where to listen (default: any port that is free)', port)
    .option('--host <address>', 'who reaches it: with 127.0.0.1 this machine alone, with 0.0.0.0 everyone in its networks', '127.0.0.1')
    .option('--tls', 'https, with a certificate that is made for the occasion: browsers warn of it once')
    .option('--cert <file>', 'https, with this certificate (PEM)')
    .option('--key <file>', 'the key of the certificate (PEM)')
    .option('--public-url <url>', 'the address of a tunnel that leads here, e.g. https://studio.example.com')
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
        const publicUrl = options.publicUrl === undefined ? undefined : checkedUrl(options.publicUrl);
        const tls = await certificateFor(options);
        if (options.tokenFile !== undefined) makeTokenFile(options.tokenFile);
        const token = tokenFrom(options.tokenFile);
        const { isLoopback } = await import('../../studio/server/index.js');
        if (!isLoopback(options.host) || publicUrl)
          for (const text of risks(options, tls !== undefined)) output.message({ level: 'warning', text });
        const { host, readOnly: isReadOnly } = options;
        await serveStudio(context, { root: folder, host, port: options.port, tls, publicUrl, token, isReadOnly }, async (links) => {
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

function checkedUrl(text: string): string {
  const { protocol, origin } = URL.canParse(text) ? new URL(text) : { protocol: '', origin: '' };
  if (/^https?:$/.test(protocol)) return origin;
  throw new OptionError({ what: 'Not an address', where: '--public-url', expected: 'such as https://studio.example.com', got: text });
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
