import type { Node } from '../../onnx/index.js';
import {
  type Kernel,
  type LoweredGraph,
  structureOf,
  type TiledKind,
  type TiledNode,
  type Tiling,
  type Tilings,
} from '../codegen/index.js';
import type { TunedKernel } from './table.js';

/** Operators of a graph whose kernels are of one shape: what is fastest for one is for all. */
export interface KernelShape {
  /** Equal for kernels that do the same with memory of the same form. */
  readonly key: string;
  readonly kind: TiledKind;
  readonly title: string;
  /** The usual tiling. */
  readonly usual: Tiling;
  readonly nodes: readonly Node[];
}

/** The shapes of kernels that could be computed in several ways. @param lowered in the usual tilings. */
export function shapesOf({ tiled }: LoweredGraph): KernelShape[] {
  const shapes = new Map<string, KernelShape & { readonly nodes: Node[] }>();
  for (const { node, kind, title, tiling, kernels } of tiled) {
    if (kernels.length === 0) continue;
    const key = `${kind} ${structureOf(kernels)}`;
    const known = shapes.get(key);
    if (known) known.nodes.push(node);
    else shapes.set(key, { key, kind, title, usual: tiling, nodes: [node] });
  }
  return [...shapes.values()];
}

/** Tilings of operators, by those of their shapes. */
export function tilingsOfNodes(shapes: readonly KernelShape[], chosen: (shape: KernelShape) => Tiling | undefined): Tilings {
  return new Map(
    shapes.flatMap((shape) => {
      const tiling = chosen(shape);
      return tiling ? shape.nodes.map((node) => [node, tiling] as const) : [];
    }),
  );
}

/** Tilings of a graph's operators as a table has them. */
export function tilingsIn(known: ReadonlyMap<string, TunedKernel>, lowered: LoweredGraph): Tilings {
  return tilingsOfNodes(shapesOf(lowered), ({ key }) => known.get(key)?.tiling);
}

/** The kernels of a shape. */
export function kernelsOf({ nodes }: KernelShape, { tiled }: LoweredGraph): Kernel[] {
  const wanted = new Set(nodes);
  return tiled.filter(({ node }: TiledNode) => wanted.has(node)).flatMap(({ kernels }) => kernels);
}
