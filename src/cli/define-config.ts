import type { CommandName } from './commands.js';

/** An option's value: as on the command line ("100KB", 0.5), true or false for a flag, a list instead of words with commas. */
export type ConfigValue = string | number | boolean | readonly (string | number)[];

/** What espalier.config.js holds: options of commands by their long names in camelCase, e.g. { optimize: { data: 'photos/', maxDrop: 1 } }. */
export type Config = { readonly [Command in CommandName]?: Readonly<Record<string, ConfigValue>> };

/** Gives the configuration back, with its type checked. */
export function defineConfig(config: Config): Config {
  return config;
}
