import { SymbolicDim } from '../../onnx/index.js';
import { type Family, type InferRule, noMacs, type OpRule, refuses } from '../rule.js';
import { inferBroadcast } from '../shared/broadcast.js';
import { tensorOf } from '../shared/inferred.js';

const inferSplit: InferRule = (context) => {
  const shape = context.shape(0);
  return [tensorOf('string', shape && [...shape, SymbolicDim.unknown()]), tensorOf('int64', shape)];
};

/** Stop words are dropped along the last axis; without any the shape stays. */
const inferNormalizer: InferRule = (context) => {
  const shape = context.shape(0);
  const drops = (context.node.strings('stopwords')?.length ?? 0) > 0;
  return [tensorOf('string', drops ? shape?.with(-1, SymbolicDim.unknown()) : shape)];
};

const inferTfIdf: InferRule = (context) => {
  const indexes = context.node.ints('ngram_indexes', []);
  return [
    tensorOf(
      'float32',
      context.shape(0)?.with(
        -1,
        indexes.reduce((most, index) => Math.max(most, index + 1), 0),
      ),
    ),
  ];
};

function rule(infer: InferRule): OpRule {
  const reason = 'it reads text';
  return { infer, macs: noMacs, gradient: refuses(reason), coupling: refuses(reason), quantization: { kind: 'float' }, upgrades: {} };
}

/** Operators on text. */
export const strings: Family = {
  RegexFullMatch: rule((context) => [tensorOf('bool', context.shape(0))]),
  StringConcat: rule(inferBroadcast('string')),
  StringNormalizer: rule(inferNormalizer),
  StringSplit: rule(inferSplit),
  TfIdfVectorizer: rule(inferTfIdf),
};
