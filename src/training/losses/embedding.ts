import type { Model } from '../../onnx/index.js';
import { asRows, type LossBuilder, scaledSum } from './loss.js';

/** Keeps the length of a vector of zeros from dividing by zero. */
const LEAST_LENGTH = 1e-12;

/** One minus the cosine between a model's vector and a teacher's of the same sample, mean over the batch. @param teacherOutput default: the same name. */
export function cosineLoss(output: string, teacher: Model, teacherOutput = output): LossBuilder {
  return ({ build, value, embed, batchSize }) => {
    const given = embed(teacher, 'teacher');
    const vectors = [value(output), given[teacherOutput] ?? Object.values(given)[0]].map((vector) => asRows(build, vector, batchSize));
    const sum = (a = vectors[0], b = vectors[1]) => build.op('ReduceSum', [build.op('Mul', [a, b]), build.ints([1])], { keepdims: 0 });
    const lengths = vectors.map((vector) => build.op('Sqrt', [build.op('Add', [sum(vector, vector), build.scalar(LEAST_LENGTH)])]));
    const cosines = build.op('Div', [sum(), build.op('Mul', lengths)]);
    return scaledSum(build, build.op('Sub', [build.scalar(1), cosines]), 1 / batchSize);
  };
}
