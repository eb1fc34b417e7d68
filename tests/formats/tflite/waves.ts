import { type DataType, Tensor } from 'espalier/onnx';

/** What floats lie between, by the beginning of a model's name. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  ad01: [-20, 60],
  kws: [-100, 50],
  pretrainedResnet: [0, 255],
  vww: [0, 1],
  str: [0, 1],
};

/** The inputs of tests/fixtures/tflite/reference.py: slow triangular waves, `count` samples of a shape. */
export function waves(name: string, dtype: DataType, shape: readonly number[], count: number): Tensor {
  const numbers = Array.from({ length: count }, (_, sample) => sampleOf(shape, sample)).flat();
  if (dtype === 'int8')
    return Tensor.from(
      dtype,
      [count, ...shape],
      numbers.map((each) => each - 128),
    );
  const [low, high] = Object.entries(RANGES).find(([key]) => name.startsWith(key))?.[1] ?? [0, 1];
  return Tensor.from(
    dtype,
    [count, ...shape],
    numbers.map((each) => low + (high - low) * (each / 255)),
  );
}

function sampleOf(shape: readonly number[], sample: number): number[] {
  const steps = [((7 + 5 * sample) % 41) + 3, ((11 + 3 * sample) % 37) + 2, 83];
  const size = shape.reduce((product, each) => product * each, 1);
  return Array.from({ length: size }, (_, place) => {
    let phase = 97 * sample;
    let rest = place;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      phase += steps[axis] * (rest % shape[axis]);
      rest = Math.floor(rest / shape[axis]);
    }
    return Math.abs((phase % 510) - 255);
  });
}
