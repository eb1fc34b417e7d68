import { techniques } from '../../strategies/index.js';
import { describeNeeds, exampleOf, optionsOf, type Technique } from '../../technique/index.js';
import { inColumns } from '../columns.js';
import type { AddCommand } from '../command.js';
import type { CommonOptions } from '../options.js';

/** What `apply` and recipes may name. */
export const techniquesCommand: AddCommand = (program, run) => {
  program
    .command('techniques [name]')
    .addHelpText('after', '\nExamples:\n  $ espalier techniques quantize-aware-train\n  $ espalier techniques')
    .action(
      run(async ({ output }, _options: CommonOptions, name: string | undefined) => {
        if (name === undefined) {
          const rows = techniques.all().map((technique) => ({ ...factsOf(technique), options: undefined }));
          const table = [
            ['technique', 'does', 'needs', ''],
            ...rows.map(({ name, effects, needs, summary }) => [name, effects.join(', '), needs, summary]),
          ];
          output.result({ techniques: rows }, inColumns(table));
          return;
        }
        const facts = factsOf(techniques.get(name));
        const lines = facts.options.map(({ name, values, preset, description }) => [
          name,
          values,
          preset === undefined ? '' : JSON.stringify(preset),
          description,
        ]);
        const about = [
          ['effects', facts.effects.join(', ')],
          ['order', facts.order],
          ['needs', facts.needs],
          ['source', facts.source],
          ['example', facts.example],
        ];
        const table = lines.length === 0 ? 'It has no options.' : inColumns([['option', 'values', 'default', ''], ...lines]);
        output.result(facts, `${facts.summary}\n\n${inColumns(about)}\n\n${table}`);
      }),
    );
};

/** All that a technique says of itself. */
function factsOf(technique: Technique) {
  const { name, title = name, summary, source, effects, order } = technique;
  const needs = describeNeeds(technique);
  return { name, title, summary, effects, order, needs, source, example: exampleOf(technique), options: optionsOf(technique) };
}
