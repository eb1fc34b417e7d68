import { SymbolicDim } from '../../onnx/index.js';
import { type Family, noMacs, refuses } from '../rule.js';
import { tensorOf } from '../shared/inferred.js';

/** Operators on encoded images. */
export const images: Family = {
  ImageDecoder: {
    infer: ({ node }) => {
      const channels = node.string('pixel_format', 'RGB') === 'Grayscale' ? 1 : 3;
      return [tensorOf('uint8', [SymbolicDim.unknown(), SymbolicDim.unknown(), channels])];
    },
    macs: noMacs,
    gradient: refuses('it reads encoded bytes'),
    coupling: refuses('it reads encoded bytes'),
    quantization: { kind: 'float' },
    upgrades: {},
  },
};
