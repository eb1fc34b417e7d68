// Hands a network's weights and the images to pytorch.py, as raw little-endian files with a description in JSON.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export async function writeForPython(folder, { model, task, recipe, split, threads, seed }) {
  mkdirSync(folder, { recursive: true });
  const { mean, std } = statistics(task);
  const sizes = {};
  for (const [name, part] of [
    ['train', task.splits.train],
    ['test', task.splits[split]],
  ]) {
    const batch = await part.read(Int32Array.from({ length: part.size }, (_, i) => i));
    const [images] = Object.values(batch.inputs);
    writeFileSync(join(folder, `${name}-images.bin`), images.data);
    writeFileSync(join(folder, `${name}-labels.bin`), batch.targets.values);
    sizes[name] = part.size;
  }
  const weights = [];
  for (const { name, initializer } of model.graph.initializers) {
    if (initializer.dtype !== 'float32') continue;
    weights.push({ name, shape: initializer.shape });
    writeFileSync(join(folder, `${name}.bin`), initializer.bytes());
  }
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ recipe, sizes, weights, mean, std, threads, seed }));
}

/** What is taken from each channel and what it is divided by, in the stored values' units. */
function statistics(task) {
  const { mean, std, scale = 1 } = task.feeds[0].preprocess;
  return { mean: mean.map((x) => x / scale), std: std.map((x) => x / scale) };
}
