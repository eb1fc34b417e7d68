import { type Command, InvalidArgumentError, Option } from 'commander';
import { type OptionInfo, type Options, optionsOf, type Technique } from '../technique/index.js';
import { flagName } from './flag-name.js';
import { list } from './units.js';

/** Makes flags of a technique's options, as its schema describes them: learningRate is --learning-rate. What is given is checked by the schema. */
export function addTechniqueFlags(command: Command, technique: Technique): void {
  const taken = new Set(command.options.map((option) => option.attributeName()));
  for (const info of optionsOf(technique)) if (!taken.has(info.name)) command.addOption(flagFor(info));
}

/** A technique's options among those of a command line; what was not given is left to the defaults. */
export function flagsGiven(given: object, technique: Technique): Options {
  const values = given as Readonly<Record<string, unknown>>;
  const named = optionsOf(technique).map(({ name }) => [name, values[name]] as const);
  return Object.fromEntries(named.filter(([, value]) => value !== undefined));
}

/** How the command line has a value of an option: "tuning=none" is "--tuning none". */
export function asFlag(way: string): string {
  const [name, value] = way.split('=');
  return `--${flagName(name)} ${value}`;
}

function flagFor({ name, kind, values, choices, preset, required, description }: OptionInfo): Option {
  const flag = flagName(name);
  const words = description.replace(/\.$/, '');
  const usual = required ? ' (required)' : preset === undefined || kind === 'switch' ? '' : ` (default: ${textOf(preset)})`;
  // The schema's own default counts: Commander's would pass for what was given.
  if (kind === 'switch')
    return new Option(preset === true ? `--no-${flag}` : `--${flag}`, preset === true ? `not: ${words}` : words).default(undefined);
  const option = new Option(`--${flag} <${kind === 'other' ? 'value' : kind}>`, `${words}${usual}`);
  if (choices) return option.choices(choices.map(String));
  if (kind === 'list') return option.argParser(list);
  return option.argParser(kind === 'number' ? numberIn(values) : kind === 'text' ? String : parsedValue);
}

function numberIn(values: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value)) return value;
    throw new InvalidArgumentError(`Expected ${values === 'integer' ? 'a whole number' : 'a number'}.`);
  };
}

function textOf(preset: unknown): string {
  return Array.isArray(preset) ? preset.map(String).join(',') || 'none' : String(preset);
}

/** What JSON text stands for, or the text itself. */
export function parsedValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
