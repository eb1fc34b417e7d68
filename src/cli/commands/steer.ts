import { InvalidArgumentError } from 'commander';
import { OptionError } from '../../base/index.js';
import { type LimitKind, limitFacts } from '../../report/info/index.js';
import type { Steering } from '../../strategies/index.js';
import { steer } from '../../strategies/node/index.js';
import type { AddCommand } from '../command.js';
import { bytes, count, latency, number, positiveInteger } from '../units.js';

/** How amounts are read. */
const READERS: Readonly<Record<LimitKind, (text: string) => number>> = {
  bytes,
  count,
  milliseconds: latency,
  loss: number,
  quality: number,
};

/** Tells a run in progress something. */
export const steerCommand: AddCommand = (program, run) => {
  program
    .command('steer <folder> <what> [value]')
    .addHelpText(
      'after',
      [
        '',
        'What:',
        '  pause          no trial is begun until the run is resumed; those that run go on',
        '  resume',
        '  stop           as when a budget is over: what is done is measured and written',
        '  limits LIST    what models must keep to from now on; those that are there are judged anew. "none" lifts a limit, what is not named stays',
        "  trial POINT    a point of the run's space as JSON, tried next",
        '  trials NUMBER  how many recipes are tried in all',
        '',
        'Examples:',
        '  $ espalier steer better/ pause',
        '  $ espalier steer better/ limits max-size=100KB,max-drop=1',
        '  $ espalier steer better/ limits max-drop=none',
        `  $ espalier steer better/ trial '{"quantize":"quantize","quantize.weightType":"int8"}'`,
        '  $ espalier steer better/ trials 20',
      ].join('\n'),
    )
    .action(
      run(async ({ output }, _options, folder: string, what: string, value: string | undefined) => {
        const message = messageOf(what, value);
        await steer(folder, message);
        output.result({ folder, message }, `Told the run in ${folder}; "espalier watch ${folder}" shows what comes of it.`);
      }),
    );
};

/** @throws OptionError for what is no message. */
function messageOf(what: string, value: string | undefined): Steering {
  switch (what) {
    case 'pause':
    case 'resume':
    case 'stop':
      if (value === undefined) return { kind: what };
      throw new OptionError({ what: `"${what}" takes no value`, where: 'steer', got: value });
    case 'limits':
      return { kind: 'limits', limits: limitsIn(required(what, value)) };
    case 'trials':
      return { kind: 'trials', trials: read('trials', required(what, value), positiveInteger) };
    case 'trial':
      return { kind: 'trial', point: pointIn(required(what, value)) };
    default:
      throw new OptionError({
        what: 'A run cannot be told that',
        where: 'steer',
        expected: 'pause, resume, stop, limits, trial or trials',
        got: what,
      });
  }
}

function required(what: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new OptionError({ what: `"${what}" takes a value`, where: 'steer', fix: '"espalier steer --help" shows examples.' });
}

function limitsIn(text: string): Extract<Steering, { kind: 'limits' }>['limits'] {
  const pairs = text.split(',').map((each) => {
    const [name, value = ''] = each.split('=').map((part) => part.trim());
    const known = limitFacts.find(({ option }) => option === name);
    if (!known || value === '')
      throw new OptionError({
        what: 'Not a limit',
        where: 'limits',
        expected: `NAME=VALUE of ${limitFacts.map(({ option }) => option).join(', ')}`,
        got: each,
      });
    return [known.name, value === 'none' ? null : read(name, value, READERS[known.kind])];
  });
  return Object.fromEntries(pairs);
}

/** Whether it is a point of this run's space, the run itself says. */
function pointIn(text: string): Extract<Steering, { kind: 'trial' }>['point'] {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const expected = `JSON: '{"quantize":"quantize"}'`;
    throw new OptionError({ what: 'Not a point', where: 'trial', expected, got: text }, { cause });
  }
}

function read<T>(where: string, text: string, reader: (text: string) => T): T {
  try {
    return reader(text);
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new OptionError({ what: cause.message.replace(/\.$/, ''), where, got: text }, { cause });
  }
}
