import { type Pass, typesAreKnown } from '../../onnx/index.js';
import { inferShapes } from '../inference.js';

export const knownTypes: Pass = {
  name: 'infer-shapes',
  summary: 'Types every value, as far as rules of operators tell.',
  kind: 'form',
  requires: [],
  ensures: [typesAreKnown],
  run: (model) => {
    inferShapes(model);
    return 0;
  },
};
