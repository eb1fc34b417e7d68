import { coordGreedy, coordSimplex, decrossTwoLayer, graph, layeringLongestPath, sugiyama } from 'd3-dag';
import { type Layout, type LayoutRequest, NODE } from './layout.js';

/** Nodes up to which places are found by a linear program, which is neater; it takes a third of a second for 300. */
const NEAT = 300;

/** Places of the nodes, layer by layer. */
export function placeNodes({ nodes, edges }: LayoutRequest): Layout {
  const dag = graph<number, number>();
  const made = Array.from({ length: nodes }, (_, index) => dag.node(index));
  edges.forEach(({ from, to }, index) => {
    if (from !== to && made[from] && made[to]) dag.link(made[from], made[to], index);
  });
  const base = sugiyama().layering(layeringLongestPath()).decross(decrossTwoLayer()).nodeSize([NODE.width, NODE.height]).gap([24, 30]);
  const { width, height } = nodes <= NEAT ? base.coord(coordSimplex())(dag) : base.coord(coordGreedy())(dag);
  const centers = new Float32Array(2 * nodes);
  for (const node of dag.nodes()) {
    centers[2 * node.data] = node.x;
    centers[2 * node.data + 1] = node.y;
  }
  const links = [...dag.links()];
  return {
    width,
    height,
    centers,
    lines: links.map(({ points }) => Float32Array.from(points.flat())),
    edges: links.map(({ data }) => data),
  };
}
