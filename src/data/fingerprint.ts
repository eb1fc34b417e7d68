import { Sha256 } from '../base/index.js';
import { type Targets, targetBytes } from './targets.js';
import { bytesOf, type DataTensor } from './tensor.js';

/** The fingerprint of samples in memory: names, types, shapes and values of the inputs, then the targets. */
export function fingerprintOf(inputs: Readonly<Record<string, DataTensor>>, targets?: Targets): string {
  const hash = new Sha256();
  for (const [name, tensor] of Object.entries(inputs)) {
    hash.update(`${JSON.stringify([name, tensor.type, tensor.shape])}\n`).update(bytesOf(tensor.data));
  }
  for (const bytes of targets ? targetBytes(targets) : []) hash.update(bytes);
  return hash.hex();
}
