import type { GraphInfo } from '../../../api/index.js';

/** Pixels of a node at zoom 1. */
export const NODE = { width: 148, height: 38 } as const;

/** What the layout is made of. */
export interface LayoutRequest {
  readonly nodes: number;
  readonly edges: readonly { readonly from: number; readonly to: number }[];
}

/** Places of a graph, in pixels at zoom 1. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Centres of the nodes: x, y, x, y, … */
  readonly centers: Float32Array;
  /** Of each edge that is drawn, the points that it passes: x, y, x, y, … */
  readonly lines: readonly Float32Array[];
  /** Which edge each line is. */
  readonly edges: readonly number[];
}

/** Laid out in a worker: the page stays at hand. @throws what the worker throws; the signal's reason when it is aborted. */
export function layOut({ nodes, edges }: GraphInfo, signal: AbortSignal): Promise<Layout> {
  const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
  const request: LayoutRequest = { nodes: nodes.length, edges: edges.map(({ from, to }) => ({ from, to })) };
  const laid = new Promise<Layout>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Layout>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message || 'The graph could not be laid out.'));
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  worker.postMessage(request);
  return laid.finally(() => worker.terminate());
}
