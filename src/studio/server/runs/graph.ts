import { loadModel, modelBytes } from '../../../formats/node/index.js';
import type { GraphInfo } from '../../api/index.js';
import { graphInfo, MOST_NODES } from '../../graph/index.js';
import { Refusal } from '../refusal.js';

/** A model's graph to be drawn; see graphInfo. @throws Refusal (409) for one too large to be drawn. */
export function graphOf(path: string, name: string): GraphInfo {
  const graph = graphInfo(loadModel(path), name, modelBytes(path));
  if (graph) return graph;
  throw new Refusal(409, { what: 'The graph is too large to be drawn', expected: `at most ${MOST_NODES} nodes` });
}
