import { fromBinary } from '@bufbuild/protobuf';
import { EspalierError, FormatError } from '../../base/index.js';
import type { Tensor } from '../tensor.js';
import { TensorProtoSchema } from './onnx_pb.js';
import { readTensor } from './tensors.js';

/**
 * Reads a tensor that is a file of its own, as ONNX's test data has them (input_0.pb), and the name that it has in it.
 * @throws FormatError naming the file for what is none.
 */
export function decodeTensor(bytes: Uint8Array, where: string): { name: string; tensor: Tensor } {
  const refuse = (got: string, cause?: unknown) => new FormatError({ what: 'Not a readable ONNX tensor', where, got }, { cause });
  try {
    const proto = fromBinary(TensorProtoSchema, bytes);
    const none = () => {
      throw refuse('contents in another file');
    };
    return { name: proto.name, tensor: readTensor(proto, { payloads: [], unfold: none, external: none }) };
  } catch (cause) {
    if (cause instanceof EspalierError && cause.where === where) throw cause;
    throw refuse((cause as Error).message.replace(/\.$/, ''), cause);
  }
}
