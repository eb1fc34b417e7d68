import type { Node } from '../../../onnx/index.js';
import type { ReadContext } from '../reading/context.js';
import type { Builtin } from '../wire/builtins.js';
import type { WriteContext } from '../writing/context.js';
import type { RuleFacts } from '../writing/rule.js';

/** Everything that is known of one built-in operator of TensorFlow Lite. */
export interface OperatorEntry {
  /** The newest version that is read. */
  readonly version: number;
  /** Writes it into the graph. */
  readonly read: (context: ReadContext) => void;
  /** ONNX operators that are written as it, each with what writes them. */
  readonly write?: Readonly<Record<string, WriteRule>>;
}

/** What writes nodes of one ONNX operator. */
export interface WriteRule extends RuleFacts {
  readonly write: (context: WriteContext, node: Node) => void;
}

/** Entries by the operators' names. */
export type Family = Partial<Readonly<Record<Builtin, OperatorEntry>>>;
