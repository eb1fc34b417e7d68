import { UnsupportedError } from '../../base/index.js';
import { codeOf, type Graph, graphsOf, type Model, removeDeadCode, Tensor, type Value } from '../../onnx/index.js';
import { isHalf, typedBuilder } from '../../ops/index.js';
import { openDeepCopy } from '../open-copy.js';
import { type LeftInFloat, leftInFloat } from './left.js';
import { nothingToQuantize } from './nothing.js';
import { Places } from './places.js';

/** Constants with fewer numbers are not worth an operator each. */
const SMALLEST = 128;
/** Signal to noise, in decibels, below which a weight loses too much: 11 bits of each number give 70 and more. */
const LEAST_SQNR = 60;

/**
 * Stores weights as float16, half the size, and computes in float32 as before: each is widened by a Cast where it is read, which ONNX Runtime does once,
 * when it loads the model. Weights that are too large for float16 (65504), or of which too much is lost because they are tiny, stay as they are.
 * Needs no data.
 * @throws UnsupportedError where there is no weight to store so.
 */
export function storeHalf(source: Model, exclude: ReadonlySet<string> = new Set()): { model: Model; stored: number; left: LeftInFloat[] } {
  const model = openDeepCopy(source);
  const { graph } = model;
  const places = new Places(graph);
  let stored = 0;
  for (const home of graphsOf(graph)) for (const value of [...home.initializers]) if (store(model, home, value, places, exclude)) stored++;
  if (stored === 0) throw isHalf(source) ? halfAlready(source) : nothingToQuantize(source);
  removeDeadCode(graph);
  graph.sort();
  return { model, stored, left: leftInFloat(graph) };
}

function halfAlready({ source }: Model): UnsupportedError {
  return new UnsupportedError({
    what: 'The weights are float16 already',
    where: source,
    fix: 'Quantize them to integers for a smaller file.',
  });
}

function store(model: Model, home: Graph, value: Value, places: Places, exclude: ReadonlySet<string>): boolean {
  const tensor = value.initializer;
  if (tensor?.dtype !== 'float32' || tensor.size < SMALLEST || home.inputs.includes(value) || home.outputs.includes(value)) return false;
  if (value.readers.size === 0 || value.users.some((node) => exclude.has(node.name))) return false;
  const half = Tensor.from('float16', tensor.shape, tensor.toFloat32());
  if (!isKept(tensor, half)) return false;
  const place = places.of(value);
  const narrow = place.addInitializer(place.freshName(`${value.name}_float16`), half);
  const readers = value.uses();
  const wide = typedBuilder(place, model.opsets).op('Cast', [narrow], { to: codeOf('float32') });
  for (const { node, index } of readers) node.setInput(index, wide);
  home.initializers.delete(value);
  return true;
}

/** Whether a weight is as good in float16: every number has its counterpart, and rounding is all that differs. */
function isKept(tensor: Tensor, half: Tensor): boolean {
  const [before, after] = [tensor.toFloat32(), half.numbers()];
  let [power, error] = [0, 0];
  for (let i = 0; i < before.length; i++) {
    if (!Number.isFinite(after[i])) return false;
    power += before[i] ** 2;
    error += (before[i] - after[i]) ** 2;
  }
  return error === 0 || 10 * Math.log10(power / error) >= LEAST_SQNR;
}
