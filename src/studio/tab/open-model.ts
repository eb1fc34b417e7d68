import { FormatError } from '../../base/index.js';
import { decodeTflite, isTflite } from '../../formats/index.js';
import { decodeModel, type Model } from '../../onnx/index.js';

/** A model that was chosen, in memory. */
export interface OpenedModel {
  /** Of its file. */
  readonly name: string;
  readonly format: 'ONNX' | 'TensorFlow Lite';
  readonly bytes: number;
  readonly model: Model;
}

/**
 * Reads a model of either format, which is told by its contents; a file that is damaged at its beginning by its name.
 * @throws FormatError, GraphError where it is none; UnsupportedError for what of a format is not read.
 */
export function openModel(bytes: Uint8Array, name: string): OpenedModel {
  if (bytes.length === 0) throw new FormatError({ what: 'The file is empty', where: name, expected: 'a model: .onnx or .tflite' });
  const isLite = isTflite(bytes) || name.toLowerCase().endsWith('.tflite');
  const model = isLite ? decodeTflite(bytes, { source: name }) : decodeModel(bytes, { source: name });
  if (model.graph.nodes.length === 0)
    throw new FormatError({ what: 'The model has no operator', where: name, fix: 'Choose an .onnx or .tflite file.' });
  return { name, format: isLite ? 'TensorFlow Lite' : 'ONNX', bytes: bytes.length, model };
}
