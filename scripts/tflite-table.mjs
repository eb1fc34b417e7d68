// Writes the table of operators in docs/tflite.md from what is read and written of them; with --check it only says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { composedOperators, tfliteOperators } from '../dist/formats/index.js';

const path = fileURLToPath(new URL('../docs/tflite.md', import.meta.url));
const [begin, end] = ['<!-- operators: written by npm run docs:tflite from src -->', '<!-- /operators -->'];
const before = readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
const [head, rest] = before.split(begin);
const page = `${head}${begin}\n\n${table()}\n\n${end}${rest.split(end)[1]}`;

if (!process.argv.includes('--check')) writeFileSync(path, page);
else if (before !== page) {
  console.error('The table of operators in docs/tflite.md is not what is read and written: npm run docs:tflite writes it.');
  process.exit(1);
}

function table() {
  const rows = tfliteOperators().map(({ name, version, written }) => {
    const list = (chosen) => written.filter(chosen).map(({ op }) => op);
    return [name, `1 to ${version}`, list(() => true).join(', '), list(({ integers }) => integers).join(', ')];
  });
  const lines = [['TensorFlow Lite', 'versions read', 'written for', 'also in integers'], ['---', '---', '---', '---'], ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |').replaceAll('|  |', '| |'),
  );
  return `${lines.join('\n')}\n\nWritten as several operators: ${composedOperators.join(', ')}. \`QuantizeLinear\` and \`DequantizeLinear\` become the scales of tensors, QUANTIZE and DEQUANTIZE.`;
}
