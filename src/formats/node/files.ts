import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { FormatError } from '../../base/index.js';
import { fileError, writeFileAtomic } from '../../base/node/index.js';
import type { Model } from '../../onnx/index.js';
import { loadModel as loadOnnx, modelBytes as onnxBytes, type SaveOptions, saveModel as saveOnnx } from '../../onnx/node/index.js';
import { decodeTflite } from '../tflite/reading/import.js';
import { isTflite } from '../tflite/wire/decode.js';
import type { EncodeOptions } from '../tflite/writing/export.js';

/** Longest file of a format that is read as a whole, in bytes. */
const LONGEST = 2 ** 31 - 1;
/** Bytes that say what a file is. */
const HEAD = 8;

/**
 * Reads a model from a file of any format that is read: ONNX, whose weights stay in the file until they are used, or TensorFlow Lite, which is told by its contents and
 * becomes a graph of ONNX's operators.
 * @throws FormatError where the file is missing or damaged; UnsupportedError for what of a format is not read.
 */
export function loadModel(path: string): Model {
  if (!isTfliteFile(path)) return loadOnnx(path);
  const { size } = statSync(path);
  if (size > LONGEST)
    throw new FormatError({ what: 'The file is too long', where: path, expected: `at most ${LONGEST} bytes`, got: `${size}` });
  return decodeTflite(contentsOf(path), { source: path });
}

/** Bytes of a model on disk, weights beside its file included. @throws FormatError as `loadModel` does. */
export function modelBytes(path: string): number {
  return isTfliteFile(path) ? statSync(path).size : onnxBytes(path);
}

/**
 * Writes a model to a file, wholly or not at all, in the format that the name ends in: .tflite, else ONNX.
 * @returns the number of bytes written.
 * @throws UnsupportedError naming a node that the format cannot say; EspalierError naming the file where it cannot be written.
 */
export async function saveModel(model: Model, path: string, { layout, ...options }: SaveOptions & EncodeOptions = {}): Promise<number> {
  if (!isTfliteName(path)) return saveOnnx(model, path, options);
  const { encodeTflite } = await import('../tflite/writing/export.js');
  const bytes = encodeTflite(model, { layout });
  await writeFileAtomic(path, bytes, options.check);
  return bytes.length;
}

/** Whether a name asks for TensorFlow Lite. */
export function isTfliteName(path: string): boolean {
  return path.toLowerCase().endsWith('.tflite');
}

/** Whether a file is a TensorFlow Lite model, by its contents; one that is damaged at its beginning, by its name. */
export function isTfliteFile(path: string): boolean {
  const head = headOf(path);
  return head !== undefined && (isTflite(head) || isTfliteName(path));
}

/** Undefined where there is no such file to be read: whoever reads it next says why. */
function headOf(path: string): Uint8Array | undefined {
  const bytes = new Uint8Array(HEAD);
  try {
    if (!statSync(path).isFile()) return undefined;
    const handle = openSync(path, 'r');
    try {
      return bytes.subarray(0, readSync(handle, bytes, 0, HEAD, 0));
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
}

function contentsOf(path: string): Uint8Array {
  try {
    const { buffer, byteOffset, byteLength } = readFileSync(path);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (cause) {
    throw fileError('The model file cannot be read', path, cause);
  }
}
