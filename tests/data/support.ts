import { arrayDataset, type Batch, type ClassTargets, classTargets, type DataSource, type Dataset, type DataTensor } from 'espalier/data';

/** A labelled set of 1-feature samples whose value is their number; `counts` samples of each class, the classes taking turns. */
export function countedDataset(counts: readonly number[], labelled = true): Dataset {
  const left = [...counts];
  const labels: number[] = [];
  while (left.some((count) => count > 0)) for (let c = 0; c < left.length; c++) if (left[c]-- > 0) labels.push(c);
  const data = Float32Array.from(labels, (_, i) => i);
  const inputs = { x: { type: 'float32' as const, shape: [labels.length, 1], data } };
  const classes = counts.map((_, i) => `class ${i}`);
  return arrayDataset({ name: 'counted', inputs, ...(labelled && { targets: classTargets(Int32Array.from(labels), classes) }) });
}

export function sourceOf(train: Dataset, parts: Partial<Pick<DataSource, 'validation' | 'test'>> = {}): DataSource {
  return { name: train.name, format: 'memory', train, ...parts, close: async () => undefined };
}

/** A batch of images with all values different. */
export function imageBatch(size: number, height: number, width: number, channels: number): Batch {
  const data = Uint8Array.from({ length: size * height * width * channels }, (_, i) => (i * 31 + 7) & 255);
  return {
    size,
    indices: Int32Array.from({ length: size }, (_, i) => i),
    inputs: { image: { type: 'uint8', shape: [size, height, width, channels], data, kind: 'image' } },
    targets: classTargets(Int32Array.from({ length: size }, (_, i) => i % 3)),
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A tensor's stored elements as plain numbers. */
export function numbersOf({ data }: DataTensor): number[] {
  return Array.from(data as Float32Array, Number);
}

/** The classes of a labelled data set or batch. */
export function classesOf({ targets }: Pick<Dataset | Batch, 'targets'>): ClassTargets {
  if (targets?.kind !== 'class') throw new Error(`No classes but ${targets?.kind ?? 'nothing'}`);
  return targets;
}

/** How many samples of each class there are. */
export function perClass(dataset: Dataset): number[] {
  const { classes, values } = classesOf(dataset);
  return classes.map((_, c) => values.filter((label) => label === c).length);
}
