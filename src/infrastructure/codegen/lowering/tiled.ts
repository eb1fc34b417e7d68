import type { Node, Value } from '../../../onnx/index.js';
import type { Schedule, TiledKind, Tiling } from '../kernels/index.js';
import type { Kernel } from '../loops/index.js';
import { shapeOf, typeOf } from './facts.js';
import type { TiledNode, Tilings } from './program.js';

/** Which operators have asked how their loops are cut, and what they were told. */
export class TiledNodes {
  readonly #schedule: Schedule;
  readonly #tilings: Tilings;
  readonly #nodes = new Map<Node, TiledNode & { readonly kernels: Kernel[] }>();

  constructor(schedule: Schedule, tilings: Tilings) {
    this.#schedule = schedule;
    this.#tilings = tilings;
  }

  /** @param nodes the operator, and what is computed of its result as that is stored. */
  tiling(nodes: readonly [Node, ...Node[]], result: Value | undefined, kind: TiledKind): Tiling {
    const [node] = nodes;
    const known = this.#nodes.get(node);
    if (known) return known.tiling;
    const tiling = this.#tilings.get(node) ?? this.#schedule[kind];
    this.#nodes.set(node, { node, kind, tiling, title: titleOf(nodes, result), kernels: [] });
    return tiling;
  }

  /** Takes note of a kernel of an operator. */
  emitted(node: Node, kernel: Kernel): void {
    this.#nodes.get(node)?.kernels.push(kernel);
  }

  all(): readonly TiledNode[] {
    return [...this.#nodes.values()];
  }
}

/** "Conv+Relu [1,3,32,32] [16,3,3,3] → f32 [1,16,32,32]". */
function titleOf(nodes: readonly [Node, ...Node[]], result: Value | undefined): string {
  const inputs = nodes[0].inputs.slice(0, 2).flatMap((input) => (input ? [`[${shapeOf(input)}]`] : []));
  const output = result ? ` → ${typeOf(result)} [${shapeOf(result)}]` : '';
  return `${nodes.map(({ op }) => op).join('+')} ${inputs.join(' ')}${output}`;
}
