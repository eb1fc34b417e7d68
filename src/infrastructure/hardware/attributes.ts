import type { Attribute, Graph, Node } from '../../onnx/index.js';
import { nodesOf } from '../../onnx/index.js';
import { isParameter } from './constants.js';

/** What a model of classical machine learning learned and keeps in a node's attributes: thresholds, coefficients, vocabularies. */
export interface AttributeStorage {
  /** Learned numbers; indices, classes and texts not counted. */
  readonly parameters: number;
  /** Bytes in the file. */
  readonly bytes: number;
}

/** Decision trees of a model. */
export interface Trees {
  readonly trees: number;
  /** Branches and leaves of all of them. */
  readonly nodes: number;
}

/** Floats that nothing is computed with. */
const STATISTICS = new Set(['nodes_hitrates', 'nodes_hitrates_as_tensor']);

/** What the attributes of a node of ai.onnx.ml hold; nothing for others, whose attributes are settings. */
export function storedInAttributes(node: Node): AttributeStorage {
  let [parameters, bytes] = [0, 0];
  if (node.domain !== 'ai.onnx.ml') return { parameters, bytes };
  for (const [name, attribute] of node.attributes) {
    bytes += bytesOf(attribute);
    if (STATISTICS.has(name)) continue;
    if (attribute.type === 'floats') parameters += attribute.value.length;
    if (attribute.type === 'tensor' && isParameter(attribute.value)) parameters += attribute.value.size;
  }
  const leaves = node.strings('nodes_modes')?.filter((mode) => mode === 'LEAF').length ?? 0;
  // Leaves have a place for a threshold, too.
  return { parameters: parameters - leaves, bytes };
}

/** Lists of attributes are not packed: each element has a tag of one byte. */
function bytesOf({ type, value }: Attribute): number {
  if (type === 'floats') return 5 * value.length;
  if (type === 'ints') return value.reduce<number>((sum, each) => sum + 1 + varint(BigInt(each)), 0);
  if (type === 'strings') return value.reduce<number>((sum, text) => sum + 2 + text.length, 0);
  return type === 'tensor' ? value.byteLength : 0;
}

function varint(number: bigint): number {
  const bits = BigInt.asUintN(64, number).toString(2).length;
  return Math.ceil(bits / 7);
}

/** The trees of a graph, whichever operator holds them; undefined where there are none. */
export function treesOf(graph: Graph): Trees | undefined {
  const ensembles = nodesOf(graph).filter(({ domain, op }) => domain === 'ai.onnx.ml' && op.startsWith('TreeEnsemble'));
  if (ensembles.length === 0) return undefined;
  const counts = ensembles.map((node) => {
    const ids = node.ints('nodes_treeids', undefined);
    if (ids) return { trees: new Set(ids).size, nodes: ids.length };
    const leaves = node.ints('leaf_targetids', []).length;
    return { trees: node.ints('tree_roots', []).length, nodes: node.ints('nodes_featureids', []).length + leaves };
  });
  const total = (of: (each: Trees) => number) => counts.reduce((sum, each) => sum + of(each), 0);
  return { trees: total(({ trees }) => trees), nodes: total(({ nodes }) => nodes) };
}
