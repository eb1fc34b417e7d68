import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { OptionError } from '../base/index.js';
import { commands } from './commands.js';

/** In the order in which they are looked for. */
export const CONFIG_FILES = ['espalier.config.js', 'espalier.config.mjs', 'espalier.config.json'];

type Values = Readonly<Record<string, unknown>>;

/**
 * Sets a command's options to what the folder's configuration says; the command line, which is read afterwards, wins.
 * @throws OptionError for a file that cannot be read, and for commands, options and values that there are not.
 */
export async function applyConfig(command: Command, folder: string): Promise<void> {
  const file = CONFIG_FILES.find((name) => existsSync(join(folder, name)));
  if (file === undefined) return;
  const config = await readConfig(join(folder, file), file);
  for (const name of Object.keys(config)) {
    if (commands.some((entry) => entry.name === name)) continue;
    const expected = `commands (${commands.map((entry) => entry.name).join(', ')})`;
    throw new OptionError({ what: 'The configuration names a command that there is not', where: file, expected, got: name });
  }
  const values = config[command.name()] ?? {};
  if (!isRecord(values)) throw new OptionError({ what: `"${command.name()}" holds no options`, where: file, expected: 'an object' });
  for (const [name, value] of Object.entries(values)) setOption(command, name, value, file);
}

async function readConfig(path: string, file: string): Promise<Values> {
  let config: unknown;
  try {
    config = file.endsWith('.json')
      ? JSON.parse(readFileSync(path, 'utf8'))
      : ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
  } catch (cause) {
    throw new OptionError({ what: `The configuration cannot be read (${(cause as Error).message})`, where: file }, { cause });
  }
  if (isRecord(config)) return config;
  throw new OptionError({
    what: 'The configuration holds no object',
    where: file,
    expected: file.endsWith('.json') ? '{ "COMMAND": { "OPTION": VALUE } }' : 'export default { COMMAND: { OPTION: VALUE } }',
  });
}

function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function setOption(command: Command, name: string, value: unknown, file: string): void {
  const where = `${file}, ${command.name()}.${name}`;
  const option = command.options.find((each) => each.attributeName() === name);
  if (!option) {
    const known = command.options.map((each) => each.attributeName()).join(', ');
    throw new OptionError({ what: `"${command.name()}" has no such option`, where, expected: `one of ${known}` });
  }
  try {
    command.setOptionValueWithSource(name, parsed(option, value), 'config');
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new OptionError({ what: cause.message.replace(/\.$/, ''), where, got: JSON.stringify(value) }, { cause });
  }
}

/** As the command line would have it, in the same words. */
function parsed(option: Option, value: unknown): unknown {
  const isFlag = !option.required && !option.optional;
  if (isFlag !== (typeof value === 'boolean')) throw new InvalidArgumentError(isFlag ? 'Expected true or false' : 'Expected a value');
  // A flag that is off is one that was not given.
  if (isFlag) return value === true ? true : undefined;
  const text = Array.isArray(value) ? value.join(',') : String(value);
  if (typeof value === 'object' && !Array.isArray(value)) throw new InvalidArgumentError('Expected text, a number or a list');
  return option.parseArg ? option.parseArg(text, option.defaultValue as never) : text;
}
