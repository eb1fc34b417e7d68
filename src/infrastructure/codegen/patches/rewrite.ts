import { copyModel, type Model, removeDeadCode, type Value } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import { hull, imageShape, partOf, type Region, SPATIAL } from './regions.js';
import { gridOver, regionsFor, stageBefore } from './stage.js';

/**
 * A copy of a model whose layers before a value are computed part by part: each part in operators of its own on the slice of their input that it is computed of,
 * then all parts joined. Undefined where that cannot be said.
 * @param at the place of the node whose result the value is.
 * @param grid parts along rows and columns.
 */
export function patched(model: Model, at: number, grid: readonly [number, number]): Model | undefined {
  const copy = copyModel(model);
  const { graph } = copy;
  const result = graph.nodes[at]?.outputs[0];
  const stage = result && stageBefore(result, graph);
  const shape = imageShape(result);
  if (!result || !stage || !shape) return undefined;
  const build = typedBuilder(graph, copy.opsets);
  const inside = new Set(stage.nodes);
  const sliced = (value: Value, has: Region, wants: Region): Value => {
    if (SPATIAL.every((_, axis) => has[axis].from === wants[axis].from && has[axis].to === wants[axis].to)) return value;
    const starts = wants.map(({ from }, axis) => from - has[axis].from);
    const ends = wants.map(({ to }, axis) => to - has[axis].from);
    return build.op('Slice', [value, build.ints(starts), build.ints(ends), build.ints(SPATIAL)]);
  };
  const computed = (region: Region, name: string): Value | undefined => {
    const regions = regionsFor(stage, region);
    const made = new Map<Value, Value>();
    const partial = (value: Value, wants: Region): Value | undefined => {
      const size = imageShape(value);
      const node = value.producer;
      if (!size) return undefined;
      if (!node || !inside.has(node))
        return sliced(
          value,
          [
            { from: 0, to: size[2] },
            { from: 0, to: size[3] },
          ],
          wants,
        );
      // Layers of integers read what is dequantized: no slice may come between.
      const has = node.op === 'DequantizeLinear' ? wants : (regions?.get(value) ?? hull(undefined, wants));
      const known = node.op === 'DequantizeLinear' ? undefined : made.get(value);
      if (known) return sliced(known, has, wants);
      const part = partOf(node, has);
      if (!part) return undefined;
      const inputs = node.inputs.map((input, index) => {
        const read = part.reads[index];
        return input && read ? partial(input, read) : input;
      });
      if (part.reads.some((read, index) => read && !inputs[index])) return undefined;
      const attributes = { ...Object.fromEntries(node.attributes), ...part.attributes };
      if (!('pads' in part.attributes)) delete attributes.auto_pad;
      const [output] = build.node(node.op, inputs, attributes, { outputs: 1, name: `${node.name || value.name} ${name}` });
      made.set(value, output);
      return sliced(output, has, wants);
    };
    return regions && partial(result, region);
  };
  const rows = gridOver(shape, grid).map((row, r) => {
    const parts = row.map((region, c) => computed(region, `${r + 1}.${c + 1}`));
    return parts.every((part) => part !== undefined) ? joined(parts, SPATIAL[1]) : undefined;
  });
  if (!rows.every((row) => row !== undefined)) return undefined;
  graph.replace(result, joined(rows, SPATIAL[0]));
  removeDeadCode(graph);
  graph.sort();
  return copy;

  function joined(parts: readonly Value[], axis: number): Value {
    return parts.length === 1 ? parts[0] : build.op('Concat', parts, { axis });
  }
}
