// Writes docs/techniques.md from what the techniques say of themselves; with --check it only says whether the page is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { techniques } from '../dist/strategies/index.js';
import { describeNeeds, exampleOf, optionsOf } from '../dist/technique/index.js';

const path = fileURLToPath(new URL('../docs/techniques.md', import.meta.url));
const page = pageOf(techniques.all());

if (!process.argv.includes('--check')) writeFileSync(path, page);
else if (readFileSync(path, 'utf8').replaceAll('\r\n', '\n') !== page) {
  console.error('docs/techniques.md is not what the techniques say of themselves: npm run docs:techniques writes it.');
  process.exit(1);
}

function pageOf(all) {
  const rows = all.map((each) => [`[\`${each.name}\`](#${each.name})`, each.effects.join(', '), each.order, describeNeeds(each)]);
  return `# Techniques

<!-- Written by npm run docs:techniques from src: edit there. -->

Everything that makes a model smaller, faster or better is a technique: one step of a recipe, with options that a schema checks. A command applies one to a file; \`optimize\` searches
those that shrink (and with \`grow-improve-shrink\` those that improve), in the order of this table, at most one of each order in a recipe. \`espalier techniques\` prints the same.

${table(['technique', 'effect', 'order', 'needs'], rows)}

A technique of your own is an object with the same fields (\`Technique\` of \`espalier/technique\`). \`addTechnique(yours)\`, or \`techniques.with(yours)\` for a registry of its own, and it
is listed, labelled, checked and searched like the others.

${all.map(section).join('\n\n')}
`;
}

function section(technique) {
  const { name, title = name, summary, source, example } = technique;
  const options = optionsOf(technique).map(({ name: option, values, preset, required, description }) => [
    `\`${option}\``,
    values.replaceAll('|', '\\|'),
    required ? 'required' : preset === undefined ? '' : `\`${JSON.stringify(preset)}\``,
    description.replaceAll('|', '\\|'),
  ]);
  const given = JSON.stringify(example ?? {})
    .replaceAll('"', "'")
    .replace(/'(\w+)':/g, ' $1: ')
    .replace(/\}$/, Object.keys(example ?? {}).length > 0 ? ' }' : '}');
  return [
    `## ${name}`,
    `${title === name ? '' : `**${title}.** `}${summary} Source: ${source.replace(/\.$/, '')}.`,
    `\`\`\`sh\n${exampleOf(technique)}\n\`\`\``,
    `\`\`\`ts\nawait applyTechnique(techniques.get('${name}'), context, ${given});\n\`\`\``,
    options.length > 0 ? table(['option', 'values', 'default', ''], options) : 'It has no options.',
  ].join('\n\n');
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
