// Writes the files that tests/fixtures/tflite/written.py runs: node build/tests/formats/tflite/write-cases.js FOLDER
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeTflite } from 'espalier/formats';
import { writtenCases } from './written-cases.js';

const [, , folder] = process.argv;
mkdirSync(folder, { recursive: true });
const described = writtenCases.map(({ name, model, inputs }, index) => {
  writeFileSync(join(folder, `${index}.tflite`), encodeTflite(model));
  const stored = Object.entries(inputs).map(([input, tensor], i) => {
    writeFileSync(join(folder, `${index}.${i}.bin`), tensor.bytes());
    return { name: input, dtype: tensor.dtype, shape: tensor.shape };
  });
  return { name, inputs: stored, outputs: model.graph.outputs.map((output) => output.name) };
});
writeFileSync(join(folder, 'cases.json'), JSON.stringify(described));
