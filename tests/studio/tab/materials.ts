import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { architecture } from 'espalier/architectures';
import { arrayDataset, classTargets, parseCsv } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask, noteTask } from 'espalier/modalities';
import { encodeModel } from 'espalier/onnx';
import { train } from 'espalier/training';
import sharp from 'sharp';
import { root } from '../../support/paths.js';

const SIDE = 8;
const COUNT = 600;

/** The first of the package's digits: 8×8 pixels in [0, 255], and what they are. */
function digits(): { pixels: Uint8Array; labels: number[] } {
  const { features, labels = [] } = parseCsv(gunzipSync(readFileSync(join(root, 'assets', 'digits.csv.gz'))), 'digits', { header: false });
  const pixels = Uint8Array.from(features.data.subarray(0, COUNT * SIDE * SIDE) as Float32Array, (value) => Math.round((value * 255) / 16));
  return { pixels, labels: labels.slice(0, COUNT).map(Number) };
}

/** Digits as PNG files in class folders below `folder`, and a small network that has learned a little of them. */
export async function makeMaterials(folder: string): Promise<{ model: string; images: string }> {
  const { pixels, labels } = digits();
  const images = join(folder, 'digits');
  for (let digit = 0; digit < 10; digit++) mkdirSync(join(images, String(digit)), { recursive: true });
  await Promise.all(
    labels.map((label, i) => {
      const raw = { raw: { width: SIDE, height: SIDE, channels: 1 as const } };
      const name = `${String(i).padStart(4, '0')}.png`;
      return sharp(pixels.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE), raw)
        .png()
        .toFile(join(images, String(label), name));
    }),
  );
  const classes = Array.from({ length: 10 }, (_, digit) => String(digit));
  const all = arrayDataset({
    name: 'digits',
    inputs: { image: { type: 'uint8', shape: [COUNT, SIDE, SIDE, 1], data: pixels } },
    kinds: { image: { kind: 'image', range: [0, 255] } },
    targets: classTargets(Int32Array.from(labels), classes),
  });
  const fresh = architecture('survey-cnn').build({ input: [1, SIDE, SIDE], classes: 10, width: 0.125, seed: 1 });
  const runtime = createNodeRuntime({ threads: 1 });
  const source = { name: 'digits', format: 'arrays', train: all, close: async () => undefined };
  const { task } = await createTask(fresh, source, runtime, { untrained: true });
  const { model: trained } = await train({ model: fresh, task, runtime, options: { epochs: 2, batchSize: 32, learningRate: 0.003 } });
  noteTask(trained, task);
  await runtime.dispose();
  const model = join(folder, 'digits.onnx');
  writeFileSync(model, encodeModel(trained));
  return { model, images };
}
