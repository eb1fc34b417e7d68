import { allocate, type DataTensor, type InputSpec } from '../../data/index.js';

/** One number for each feature, as a stored row. */
export function numbersSample(raw: unknown, { type, shape }: InputSpec): DataTensor | undefined {
  const size = shape.reduce((product, dim) => product * dim, 1);
  const values = Array.isArray(raw) || ArrayBuffer.isView(raw) ? Array.from(raw as ArrayLike<number>, Number) : undefined;
  if (values?.length !== size || !values.every(Number.isFinite) || type.endsWith('int64')) return undefined;
  const data = allocate(type, size);
  data.set(values as never);
  return { type, shape: [1, ...shape], data };
}
