import { sizeOf } from '../../base/index.js';
import { addDims, type DataType, type Dim, SymbolicDim, tensorType } from '../../onnx/index.js';
import { type Family, type InferContext, type InferRule, type MacsRule, noMacs, type OpRule, refuses } from '../rule.js';
import { inferSame } from '../shared/broadcast.js';
import { asNumbers, tensorOf } from '../shared/inferred.js';

/** Number of samples: a vector is one sample. */
function samples(context: InferContext): Dim {
  const shape = context.shape(0);
  return shape?.length === 1 ? 1 : (shape?.[0] ?? SymbolicDim.unknown());
}

/** Class labels, whose type says what the predicted labels are. Attributes end in -ints or -int64s. */
function labelsOf({ node }: Pick<InferContext, 'node'>): { dtype: DataType; count: number } {
  const texts = node.strings('classlabels_strings');
  const numbers = node.ints('classlabels_ints', undefined) ?? node.ints('classlabels_int64s', undefined);
  return texts && texts.length > 0 ? { dtype: 'string', count: texts.length } : { dtype: 'int64', count: numbers?.length ?? 0 };
}

/** Predicted labels [N] and scores [N, classes]. */
const inferClassifier: InferRule = (context) => {
  const { dtype, count } = labelsOf(context);
  const rows = samples(context);
  return [tensorOf(dtype, [rows]), tensorOf('float32', [rows, count > 0 ? count : SymbolicDim.unknown()])];
};

/** Without probabilities, a classifier of more than two classes scores every pair of them. */
const inferSvmClassifier: InferRule = (context) => {
  const [labels, scores] = inferClassifier(context);
  const { count } = labelsOf(context);
  const paired = count > 2 && (context.node.floats('prob_a', undefined)?.length ?? 0) === 0;
  const vectors = (context.node.ints('vectors_per_class', undefined)?.length ?? 0) > 0;
  return paired && vectors ? [labels, tensorOf('float32', [samples(context), (count * (count - 1)) / 2])] : [labels, scores];
};

function inferRegressor(targets: (context: InferContext) => Dim, dtype: DataType | undefined = 'float32'): InferRule {
  return (context) => [tensorOf(dtype ?? context.dtype(0), [samples(context), targets(context)])];
}

const inferEncoded: InferRule = (context) => {
  const { node } = context;
  const shape = context.shape(0);
  const categories = node.strings('cats_strings')?.length ?? node.ints('cats_int64s', []).length;
  return [tensorOf('float32', shape && [...shape, categories])];
};

/** The element type that a LabelEncoder maps to. Version 1 maps between texts and their places, version 4 may hold a tensor of values. */
function encodedType(context: InferContext): DataType | undefined {
  const { node } = context;
  if (node.attributes.has('classes_strings')) return context.dtype(0) === 'string' ? 'int64' : 'string';
  if (node.attributes.has('values_strings')) return 'string';
  if (node.attributes.has('values_int64s')) return 'int64';
  return node.tensor('values_tensor')?.dtype ?? 'float32';
}

const inferLabels: InferRule = (context) => [tensorOf(encodedType(context), context.shape(0))];

const inferCategories: InferRule = (context) => [tensorOf(context.dtype(0) === 'string' ? 'int64' : 'string', context.shape(0))];

const mapTargets: Readonly<Record<string, DataType>> = { TO_FLOAT: 'float32', TO_INT64: 'int64', TO_STRING: 'string' };

const inferCastMap: InferRule = ({ node }) => {
  const dense = node.string('map_form', 'DENSE') === 'DENSE';
  return [tensorOf(mapTargets[node.string('cast_to', 'TO_FLOAT')], [1, dense ? SymbolicDim.unknown() : node.int('max_map', 1)])];
};

const inferDictionary: InferRule = (context) => {
  const { node } = context;
  const type = context.type(0);
  const value = type?.kind === 'map' && type.value?.kind === 'tensor' ? type.value.dtype : undefined;
  return [tensorOf(value, [1, node.strings('string_vocabulary')?.length ?? node.ints('int64_vocabulary', []).length])];
};

const inferFeatures: InferRule = (context) => {
  const given = context.node.ints('inputdimensions', undefined);
  const widths = given ?? context.node.inputs.map((_, index) => context.shape(index)?.[1] ?? SymbolicDim.unknown());
  return [tensorOf('float32', [samples(context), (widths as Dim[]).reduce(addDims, 0)])];
};

const inferExtracted: InferRule = (context) => {
  const shape = context.shape(0);
  const indices = asNumbers(context.shape(1));
  const count = indices ? sizeOf(indices) : SymbolicDim.unknown();
  return [tensorOf(context.dtype(0), shape && (shape.length === 1 ? [1, count] : shape.with(-1, count)))];
};

/** A sequence, one element per sample, of maps from class to score. */
const inferZipMap: InferRule = ({ node }) => {
  const key: DataType = node.strings('classlabels_strings')?.length ? 'string' : 'int64';
  return [{ type: { kind: 'sequence', element: { kind: 'map', key, value: tensorType('float32', []) } } }];
};

const inferFloat: InferRule = (context) => [tensorOf('float32', context.shape(0))];

/** Each sample meets every coefficient once. */
const linearMacs: MacsRule = ({ node, input }) => {
  const shape = input(0);
  return (shape.length === 1 ? 1 : shape[0]) * node.floats('coefficients', []).length;
};

/** Each sample meets every element of every support vector once, and the coefficients of the vectors. */
const vectorMacs: MacsRule = ({ node, input }) => {
  const shape = input(0);
  const numbers = node.floats('support_vectors', []).length + node.floats('coefficients', []).length;
  return (shape.length === 1 ? 1 : shape[0]) * numbers;
};

const reason = 'it belongs to a model of classical machine learning, which is not trained by gradients';

function rule(infer: InferRule, macs: MacsRule = noMacs): OpRule {
  return {
    infer,
    macs,
    gradient: refuses(reason),
    coupling: refuses('its features have fixed meanings'),
    quantization: { kind: 'float' },
    upgrades: {},
  };
}

const targetsOf = ({ node }: InferContext) => node.int('n_targets', 1);

/** The operators of ai.onnx.ml: features, linear models, support vectors, trees. */
export const classical: Family = {
  ArrayFeatureExtractor: rule(inferExtracted),
  Binarizer: rule(inferSame),
  CastMap: rule(inferCastMap),
  CategoryMapper: rule(inferCategories),
  DictVectorizer: rule(inferDictionary),
  FeatureVectorizer: rule(inferFeatures),
  Imputer: rule(inferSame),
  LabelEncoder: rule(inferLabels),
  LinearClassifier: rule(inferClassifier, linearMacs),
  LinearRegressor: rule(
    inferRegressor(({ node }) => node.int('targets', 1)),
    linearMacs,
  ),
  Normalizer: rule(inferFloat),
  OneHotEncoder: rule(inferEncoded),
  SVMClassifier: rule(inferSvmClassifier, vectorMacs),
  SVMRegressor: rule(
    inferRegressor(() => 1),
    vectorMacs,
  ),
  Scaler: rule(inferFloat),
  TreeEnsemble: rule((context) => [tensorOf(context.dtype(0), [samples(context), targetsOf(context)])]),
  TreeEnsembleClassifier: rule(inferClassifier),
  TreeEnsembleRegressor: rule(inferRegressor(targetsOf)),
  ZipMap: rule(inferZipMap),
};
