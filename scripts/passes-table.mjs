// Writes the table of passes in docs/onnx.md from what the passes say of themselves; with --check it only says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { passes } from '../dist/infrastructure/compiler/index.js';

const path = fileURLToPath(new URL('../docs/onnx.md', import.meta.url));
const [begin, end] = ['<!-- passes: written by npm run docs:passes from src -->', '<!-- /passes -->'];
const before = readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
const [head, rest] = before.split(begin);
const page = `${head}${begin}\n\n${table()}\n\n${end}${rest.split(end)[1]}`;

if (!process.argv.includes('--check')) writeFileSync(path, page);
else if (before !== page) {
  console.error('The table of passes in docs/onnx.md is not what the passes say of themselves: npm run docs:passes writes it.');
  process.exit(1);
}

function table() {
  const clauses = (conditions) => conditions.map(({ name }) => name).join('; ');
  const rows = passes
    .all()
    .map(({ name, kind, summary, requires, ensures }) => [`\`${name}\``, kind, summary, clauses(requires), clauses(ensures)]);
  return [['pass', 'kind', 'does', 'requires', 'ensures'], ['---', '---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |').replaceAll('|  |', '| |'))
    .join('\n');
}
