import type { Model } from './model.js';
import { nodesOf } from './nested.js';

/** Versions that ONNX Runtime takes where a model with opset imports leaves a domain out that it knows: the newest of the time of writing. */
const ASSUMED_VERSIONS: ReadonlyMap<string, number> = new Map([
  ['', 23],
  ['ai.onnx.ml', 5],
  ['ai.onnx.training', 1],
  ['ai.onnx.preview.training', 1],
  ['com.microsoft', 1],
  ['com.microsoft.nchwc', 1],
]);

/** Imports the domains that a model's nodes are of and that it leaves out. A model that imports none at all is left alone: no runtime takes it. */
export function assumeVersions({ graph, functions, opsets }: Model): void {
  if (opsets.size === 0) return;
  const defined = new Set(functions.map(({ domain }) => domain));
  for (const { domain } of nodesOf(graph)) {
    const version = ASSUMED_VERSIONS.get(domain);
    if (version !== undefined && !opsets.has(domain) && !defined.has(domain)) opsets.set(domain, version);
  }
}
