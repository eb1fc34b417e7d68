import { allowed, COMPUTED, type ErrorFacts, GraphError, repeats } from '../../base/index.js';
import { bytesOf, type Graph, isFloat, type Model, type Node, type Tensor, type Value } from '../../onnx/index.js';
import { ruleOf, traitsOf } from '../../ops/index.js';

/** Something about a model that makes, or may make, its results worthless. */
export interface Defect extends ErrorFacts {
  /** Errors make every result worthless; warnings limit what can be done with the model. */
  readonly severity: 'error' | 'warning';
  readonly kind: 'contents' | 'scale' | 'variance' | 'operator' | 'opset' | 'output' | 'size';
  readonly where: string;
}

export interface DefectOptions {
  /** Look at the contents of weights, which reads all of them. Default true. */
  weights?: boolean;
}

/**
 * What is wrong with a model that can be read and whose graph is whole: weights that are not numbers, quantization scales and variances
 * that cannot be, operators that nothing is known about, domains without a version, outputs named twice, and (where types were inferred) values
 * that are computed from constants alone and are far larger than these. Constants in subgraphs count too.
 */
export function findDefects(model: Model, { weights = true }: DefectOptions = {}): Defect[] {
  const defects = [...operatorDefects(model), ...outputDefects(model.graph), ...sizeDefects(model.graph)];
  if (!weights) return defects;
  const seen = new Set<Tensor>();
  visitNodes(model.graph, (node) => {
    node.inputs.forEach((input, index) => {
      const tensor = input?.constant;
      if (!input || !tensor || seen.has(tensor)) return;
      seen.add(tensor);
      for (const defect of tensorDefects(node, index, input.name, tensor)) defects.push(defect);
    });
  });
  return defects;
}

/** @throws GraphError with the first defect that is an error. */
export function requireSound(model: Model, options?: DefectOptions): void {
  const defect = findDefects(model, options).find(({ severity }) => severity === 'error');
  if (!defect) return;
  const { what, where, expected, got, fix } = defect;
  throw new GraphError({ what, where: model.source ? `${model.source}, ${where}` : where, expected, got, fix });
}

function visitNodes(graph: Graph, visit: (node: Node) => void): void {
  for (const node of graph.nodes) {
    visit(node);
    for (const inner of node.subgraphs()) visitNodes(inner, visit);
  }
}

function operatorDefects({ graph, functions, opsets }: Model): Defect[] {
  const defects: Defect[] = [];
  const reported = new Set<string>();
  const report = (key: string, defect: Defect) => {
    if (!reported.has(key)) defects.push(defect);
    reported.add(key);
  };
  const defined = new Set(functions.map(({ domain, name }) => `${domain}:${name}`));
  const visit = (node: Node) => {
    const name = `${node.domain ? `${node.domain}.` : ''}${node.op}`;
    if (!ruleOf(node) && !defined.has(`${node.domain}:${node.op}`)) {
      const fix = 'Techniques leave it as it is or refuse; a runtime needs a kernel for it.';
      report(name, { severity: 'warning', kind: 'operator', what: `Espalier does not know operator ${name}`, where: node.label, fix });
    }
    if (!opsets.has(node.domain)) {
      const what = `The model does not say which version of domain "${node.domain || 'ai.onnx'}" it uses`;
      report(`@${node.domain}`, {
        severity: 'error',
        kind: 'opset',
        what,
        where: node.label,
        fix: 'Export the model again; it lacks an opset import.',
      });
    }
  };
  visitNodes(graph, visit);
  for (const { graph: body, opsets: own } of functions) visitNodes(body, (node) => own.has(node.domain) || visit(node));
  return defects;
}

function outputDefects({ outputs }: Graph): Defect[] {
  return repeats(outputs).map(({ name }) => ({
    severity: 'error',
    kind: 'output',
    what: 'The model lists the output twice',
    where: `output "${name}"`,
    fix: 'Runtimes refuse this; export the model again.',
  }));
}

/** What a runtime would compute while it loads the model, and keep. */
function sizeDefects(graph: Graph): Defect[] {
  const defects: Defect[] = [];
  let stored = 0;
  for (const value of graph.values(true)) stored += value.constant?.byteLength ?? 0;
  const most = allowed(COMPUTED, stored);
  const computed = new Set<Value>();
  const isKnown = (input: Value | undefined) => !input || computed.has(input) || input.constant !== undefined;
  visitNodes(graph, (node) => {
    if (node.outputs[0]?.constant || node.subgraphs().length > 0 || !node.inputs.every(isKnown)) return;
    for (const output of node.outputs) {
      if (!output) continue;
      computed.add(output);
      const bytes = bytesOf(output) ?? 0;
      if (bytes <= most) continue;
      const what = `The model makes ${bytes} bytes out of constants`;
      const expected = `at most ${most} bytes for the ${stored} of all constants`;
      defects.push({ severity: 'error', kind: 'size', what, where: node.label, expected, fix: 'The model is damaged; export it again.' });
    }
  });
  return defects;
}

function tensorDefects(node: Node, index: number, name: string, tensor: Tensor): Defect[] {
  if (!isFloat(tensor.dtype)) return [];
  const where = `"${name}", read by ${node.label}`;
  const { nan, infinite, notPositive, negative } = countOdd(tensor);
  const of = `of ${tensor.size} elements`;
  const fix = 'Training diverged or the file is damaged; go back to an earlier checkpoint.';
  // A single NaN may be meant: the mark of a missing value.
  if (nan > 0 && tensor.size > 1) return [{ severity: 'error', kind: 'contents', what: `${nan} ${of} are not a number (NaN)`, where, fix }];
  const isWeight = weightOf(node) === index;
  if (infinite > 0 && isWeight) return [{ severity: 'error', kind: 'contents', what: `${infinite} ${of} are infinite`, where, fix }];
  const { scales, normalization } = traitsOf(node);
  if (scales?.includes(index) && notPositive + infinite > 0)
    return [
      {
        severity: 'error',
        kind: 'scale',
        what: `${notPositive + infinite} ${of} are no quantization scale`,
        where,
        expected: 'positive numbers',
        fix,
      },
    ];
  if (normalization?.variance === index && negative > 0)
    return [{ severity: 'error', kind: 'variance', what: `${negative} ${of} are negative`, where, expected: 'variances, 0 or more', fix }];
  return [];
}

function weightOf(node: Node): number | undefined {
  const hints = ruleOf(node)?.quantization;
  return hints?.kind === 'weighted' ? hints.weight : undefined;
}

function countOdd(tensor: Tensor): { nan: number; infinite: number; notPositive: number; negative: number } {
  const counts = { nan: 0, infinite: 0, notPositive: 0, negative: 0 };
  const values =
    tensor.dtype === 'float32' || tensor.dtype === 'float64' ? (tensor.data() as Float32Array | Float64Array) : tensor.numbers();
  for (const value of values) {
    if (value > 0 && value < Number.POSITIVE_INFINITY) continue;
    if (Number.isNaN(value)) counts.nan++;
    else if (!Number.isFinite(value)) counts.infinite++;
    else counts.notPositive++;
    if (value < 0) counts.negative++;
  }
  return counts;
}
