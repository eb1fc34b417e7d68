import { OptionError, RuntimeError, UnsupportedError } from '../../../base/index.js';
import type { Tensor } from '../../../onnx/index.js';
import type { Backend } from '../contract.js';
import type { Port } from './protocol.js';
import { crosses } from './tensors.js';

/** @throws OptionError for the first name that is not among the known ones. */
export function requireNames(what: string, names: readonly string[], known: readonly string[], expected: string): void {
  const set = new Set(known);
  const stranger = names.find((name) => !set.has(name));
  if (stranger === undefined) return;
  const list = known.slice(0, 8).join(', ') + (known.length > 8 ? `, … (${known.length} in all)` : '');
  throw new OptionError({
    what: `No match for ${what} "${stranger}"`,
    expected: `${expected} (${list || 'there are none'})`,
    got: `"${stranger}"`,
  });
}

/** Element type and the dimensions that the model fixes. @throws RuntimeError naming the input. */
export function checkFeed(port: Port, tensor: Tensor): void {
  const where = `input "${port.name}"`;
  if (!crosses(port.dtype)) {
    throw new RuntimeError({ what: `ONNX Runtime cannot be fed ${port.dtype ?? 'sequences and maps'} from JavaScript`, where });
  }
  if (tensor.dtype !== port.dtype) {
    throw new RuntimeError({ what: 'Wrong element type', where, expected: port.dtype as string, got: tensor.dtype });
  }
  // An empty shape may stand for an unknown rank: ONNX Runtime itself judges those.
  const fits =
    port.shape.length === tensor.shape.length && port.shape.every((dim, axis) => typeof dim === 'string' || dim === tensor.shape[axis]);
  if (port.shape.length > 0 && !fits) {
    throw new RuntimeError({
      what: 'Wrong shape',
      where,
      expected: `[${port.shape.map(nameOf).join(', ')}]`,
      got: `[${tensor.shape.join(', ')}]`,
    });
  }
}

function nameOf(dim: number | string): string {
  return dim === '' ? '?' : String(dim);
}

/** Reading such an output could end the process, so it is refused beforehand. @throws RuntimeError naming the output. */
export function checkReadable({ name, dtype }: Port): void {
  if (name === '__proto__')
    throw new RuntimeError({
      what: 'ONNX Runtime cannot hand out to JavaScript a value of this name, which every object has',
      where: `output "${name}"`,
      fix: 'Give it another name in the model.',
    });
  if (crosses(dtype)) return;
  throw new RuntimeError({
    what: `JavaScript cannot read an output of ONNX Runtime that is ${dtype === undefined ? 'a sequence or a map' : `of type ${dtype}`}`,
    where: `output "${name}"`,
    fix:
      dtype === undefined
        ? 'Fetch only the other outputs by name, or export without ZipMap.'
        : 'Fetch only the other outputs by name, or cast it in the model.',
  });
}

/** @throws OptionError for a backend that nobody knows, UnsupportedError for one that only other runtimes serve. */
export function checkBackend(runtime: string, backend: Backend, served: readonly Backend[]): void {
  if (served.includes(backend)) return;
  const facts = { where: 'backend', expected: served.join(' or '), got: String(backend) };
  if (backend === 'cpu' || backend === 'webgpu' || backend === 'wasm')
    throw new UnsupportedError({ what: `The runtime ${runtime} has no such backend`, ...facts });
  throw new OptionError({ what: 'Unknown backend', ...facts });
}

export function requireThreads(threads: number): number {
  if (Number.isSafeInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new OptionError({ what: 'Bad number of threads', where: 'threads', expected: 'an integer from 1 to 1024', got: String(threads) });
}
