import { tensorType } from '../../onnx/index.js';
import { dropoutGradient } from '../gradients/dropout.js';
import { type Family, noMacs } from '../rule.js';
import { tieAllBut } from '../shared/broadcast.js';
import { dropoutUpgrades } from './normalization-upgrades.js';

export const dropout: Family = {
  Dropout: {
    infer: (context) => {
      const type = context.type(0);
      const maskType = context.opset >= 10 ? 'bool' : context.dtype(0);
      return [type && { type }, { type: tensorType(maskType, context.shape(0)) }];
    },
    macs: noMacs,
    gradient: dropoutGradient,
    coupling: (context) => tieAllBut(context, []),
    quantization: { kind: 'transparent' },
    upgrades: dropoutUpgrades,
  },
};
