import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DataError, EspalierError } from '../base/index.js';
import { isFloat, type Model, type Tensor } from '../onnx/index.js';

/** @throws EspalierError where no file can be written at this path. */
export function checkWritable(path: string): void {
  if (kindOf(path) === 'folder')
    throw new EspalierError({ what: 'This is a folder', where: path, expected: 'the name of a file to write' });
  const folder = dirname(path);
  if (kindOf(folder) !== 'folder') throw new EspalierError({ what: 'There is no such folder', where: folder, fix: 'Create it first.' });
  checkAccess(folder);
}

/** @throws EspalierError where a folder of this name can neither be used nor made. */
export function checkFolder(path: string): void {
  let above = resolve(path);
  while (kindOf(above) === undefined) above = dirname(above);
  if (kindOf(above) === 'file')
    throw new EspalierError({ what: 'A file is in the way of this folder', where: path, got: above, fix: 'Name another.' });
  checkAccess(above);
}

/** Undefined for what is not there. */
function kindOf(path: string): 'folder' | 'file' | undefined {
  if (!existsSync(path)) return undefined;
  return statSync(path).isDirectory() ? 'folder' : 'file';
}

function checkAccess(folder: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new EspalierError({ what: 'Nothing may be written into this folder', where: folder, fix: 'Name another.' }, { cause });
  }
}

/** @throws DataError naming the first weight that holds NaN: nothing that is made of such a model can be any good. */
export function checkWeights(model: Model): void {
  for (const value of model.graph.values()) {
    const tensor = value.initializer ?? value.constant;
    // A single NaN may be meant: the mark of a missing value.
    if (!tensor || tensor.size < 2 || !isFloat(tensor.dtype) || !holdsNaN(tensor)) continue;
    throw new DataError({
      what: `The weight "${value.name}" holds NaN`,
      where: model.source,
      fix: 'Use a checkpoint from before the training diverged.',
    });
  }
}

function holdsNaN(tensor: Tensor): boolean {
  return tensor.toFloat32().some(Number.isNaN);
}
