import type { Extras } from './extras.js';
import type { Attribute, Graph } from './graph.js';

/** A function of the model: an operator defined by a graph. Attributes named in `attributes` are given by the caller's node. */
export interface FunctionDefinition {
  name: string;
  domain: string;
  overload: string;
  /** Body; its inputs and outputs are the function's. */
  graph: Graph;
  attributes: string[];
  /** Attributes with default values. */
  defaults: Map<string, Attribute>;
  opsets: Map<string, number>;
  extras?: Extras;
}

/** A whole ONNX model. */
export class Model {
  graph: Graph;
  /** Operator set version of each domain; '' is ai.onnx. */
  readonly opsets = new Map<string, number>();
  irVersion = 10;
  producer = { name: 'espalier', version: '' };
  domain = '';
  version = 0;
  readonly metadata = new Map<string, string>();
  readonly functions: FunctionDefinition[] = [];
  extras?: Extras;
  /** Where it was read from, for messages. */
  source?: string;

  constructor(graph: Graph, opset?: number) {
    this.graph = graph;
    if (opset !== undefined) this.opsets.set('', opset);
  }

  /** Version of the standard operators. */
  get opset(): number {
    return this.opsets.get('') ?? this.opsets.get('ai.onnx') ?? 1;
  }
}
