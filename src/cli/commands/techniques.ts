import { z } from 'zod';
import { techniques } from '../../strategies/index.js';
import type { Technique } from '../../technique/index.js';
import type { AddCommand } from '../main.js';
import type { CommonOptions } from '../options.js';

/** What `apply` and recipes may name. */
export const techniquesCommand: AddCommand = (program, run) => {
  program
    .command('techniques [name]')
    .addHelpText('after', '\nExample:\n  $ espalier techniques quantize-aware-train')
    .action(
      run(async ({ output }, _options: CommonOptions, name: string | undefined) => {
        if (name === undefined) {
          const rows = techniques.all().map(({ name, summary }) => ({ name, summary }));
          output.result({ techniques: rows }, inColumns(rows.map(({ name, summary }) => [name, summary])));
          return;
        }
        const technique = techniques.get(name);
        const options = optionsOf(technique);
        const lines = options.map(({ name, values, preset, description }) => [
          name,
          values,
          preset === undefined ? '' : JSON.stringify(preset),
          description,
        ]);
        const table = options.length === 0 ? 'It has no options.' : inColumns([['option', 'values', 'default', ''], ...lines]);
        output.result({ name, summary: technique.summary, options }, `${technique.summary}\n\n${table}`);
      }),
    );
};

interface OptionInfo {
  name: string;
  /** "number", "min-max | mse", … */
  values: string;
  preset?: unknown;
  description: string;
}

type Property = { type?: string; enum?: unknown[]; anyOf?: Property[]; const?: unknown; default?: unknown; description?: string };

function optionsOf({ schema }: Technique): OptionInfo[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' }) as { properties?: Record<string, Property> };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    values: valuesOf(property),
    preset: property.default,
    description: property.description ?? '',
  }));
}

function valuesOf({ type, enum: choices, anyOf, const: only }: Property): string {
  if (anyOf) return anyOf.map(valuesOf).join(' | ');
  return choices?.join(' | ') ?? (only === undefined ? type : String(only)) ?? 'any';
}

/** Lines whose cells begin below each other; the last cell is free to be long. */
function inColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
