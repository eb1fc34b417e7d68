import { OptionError, sizeOf, UnsupportedError } from '../base/index.js';
import { constantsToInitializers, type Graph, type Model, type Tensor, type Value } from '../onnx/index.js';
import { traitsOf } from '../ops/index.js';
import { runningStatistics } from './forms.js';

/** Contents at or below this are masks and limits, not weights. */
const MASK_VALUE = -1e4;

/**
 * Initializers that training may change: floating point, more than one element (single numbers are constants of formulas), finite, and no
 * masks. Whether the loss depends on them, and differentiably, is found out when the gradient is built.
 * @param constants names of more that stay.
 */
export function trainableParameters(graph: Graph, constants: ReadonlySet<string> = new Set()): Value[] {
  return [...graph.initializers].filter((value) => {
    const tensor = value.initializer;
    if (tensor?.dtype !== 'float32' || sizeOf(tensor.shape) < 2 || graph.inputs.includes(value)) return false;
    return !constants.has(value.name) && !isMask(tensor) && !isPairOfMarks(value);
  });
}

/**
 * Turns Constant nodes into initializers, in place, and returns what may be trained. Exporters keep weights either way. Where most of the
 * matrices are initializers, what is in Constant nodes is no weight but a grid, a table or a threshold, and stays.
 */
export function exposeParameters(graph: Graph): Value[] {
  const inNodes = graph.nodes.flatMap(({ outputs: [output] }) => (output?.constant ? [output] : []));
  const share = (values: Iterable<Value>) => [...values].reduce((sum, { constant }) => sum + (isMatrix(constant) ? constant.size : 0), 0);
  const fixed = share(graph.initializers) >= share(inNodes) ? [...inNodes, ...runningStatistics(graph)] : runningStatistics(graph);
  const constants = new Set(fixed.map((value) => value.name));
  constantsToInitializers(graph);
  return trainableParameters(graph, constants);
}

/** Names that one value of the model has, branches and loops included: only such a value is found again when its new contents are written back. */
export function namesOfOne({ graph }: Model): Set<string> {
  const counts = new Map<string, number>();
  for (const { name } of graph.values(true)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Set([...counts].flatMap(([name, count]) => (count === 1 ? [name] : [])));
}

/** What OneHot writes where an index hits and where it does not: a code, and no weight. */
function isPairOfMarks(value: Value): boolean {
  return value.uses().every(({ node, index }) => traitsOf(node).marks === index);
}

function isMatrix(tensor: Tensor | undefined): tensor is Tensor {
  return tensor?.dtype === 'float32' && tensor.shape.filter((dim) => dim > 1).length >= 2;
}

/** Numbers of which some are no numbers or hugely negative, or matrices of zeros and ones: attention masks, selections. */
function isMask(tensor: Tensor): boolean {
  const data = tensor.data() as Float32Array;
  if (!data.every((number) => Number.isFinite(number) && number > MASK_VALUE)) return true;
  return isMatrix(tensor) && data.every((number) => number === 0 || number === 1) && data.some((number) => number !== data[0]);
}

/** Initializers that stay as they are. @throws OptionError where a name or pattern fits nothing. */
export function frozenParameters(graph: Graph, freeze: readonly (string | RegExp)[]): Set<Value> {
  return new Set(freeze.flatMap((wanted) => matching(graph, wanted, 'freeze', 'to freeze')));
}

/** Factors of the learning rate, by initializer; the first pattern that fits counts. @throws OptionError where one fits nothing. */
export function rateFactors(graph: Graph, rates: readonly { match: string; factor: number }[]): Map<Value, number> {
  const found = rates.flatMap(({ match, factor }) =>
    matching(graph, match, 'rateFactors', 'to give a factor').map((value) => [value, factor] as const),
  );
  return new Map(found.reverse());
}

function matching(graph: Graph, wanted: string | RegExp, option: string, purpose: string): Value[] {
  const pattern = typeof wanted === 'string' ? globPattern(wanted) : wanted;
  const initializers = [...graph.initializers];
  const found = initializers.filter((value) => pattern.test(value.name));
  if (found.length > 0) return found;
  throw new OptionError({
    what: `There is no weight "${wanted}" ${purpose}`,
    where: `training option "${option}"`,
    expected: `names of initializers, in which * stands for any characters, e.g. ${listed(initializers.filter((each) => isMatrix(each.initializer)).map((each) => each.name))}`,
  });
}

function globPattern(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

function listed(names: readonly string[], most = 4): string {
  return names.length > most ? `${names.slice(0, most).join(', ')}, …` : names.join(', ');
}

/** Weight decay is for weights that multiply: matrices and kernels, not biases and the scales of normalizations. */
export function isDecayed(parameter: Value): boolean {
  for (const { node, index } of parameter.uses()) if (traitsOf(node).vectors?.includes(index)) return false;
  return (parameter.initializer?.shape.filter((dim) => dim > 1).length ?? 0) >= 2;
}

/** The error for a model of which nothing can be trained: says what its weights are instead. */
export function nothingToTrain(source: Model, candidates: readonly Value[]): UnsupportedError {
  const counts = new Map<string, number>();
  for (const value of source.graph.values()) {
    const tensor = value.constant;
    if (tensor && sizeOf(tensor.shape) > 1 && tensor.dtype !== 'int64') counts.set(tensor.dtype, (counts.get(tensor.dtype) ?? 0) + 1);
  }
  const weights = [...counts].map(([dtype, count]) => `${count} ${dtype}`).join(', ') || 'none';
  const quantized = counts.has('int8') || counts.has('uint8');
  const half = counts.has('float16') || counts.has('bfloat16');
  return new UnsupportedError({
    what: 'The model has no weights that could be trained for this loss',
    where: source.source,
    expected: 'float32 weights between the inputs and the outputs',
    got: candidates.length > 0 ? `${candidates.length} float32 tensor(s) that the outputs do not depend on` : `tensors: ${weights}`,
    fix: quantized
      ? 'It is quantized already: train the float model that it was made of, and quantize that.'
      : half
        ? 'Convert the weights to float32 first.'
        : undefined,
  });
}
