import type { Value } from '../../onnx/index.js';
import { isPassed, isReshaped, writtenOut } from './written-out.js';

/** A classifier's scores before its last activation. */
export interface Head {
  logits: Value;
  /** The activation: one distribution over all classes, or a probability of its own for each class. */
  kind: 'softmax' | 'sigmoid';
  /** Whether there is one at all, so that the output is known to hold class scores. */
  isActivated: boolean;
}

/**
 * Finds the scores that an output is made of. LogSoftmax of a LogSoftmax is itself, so that one is as good as logits, and so are outputs without any
 * activation. An output that ends in ArgMax has its scores before it. An activation that is written out counts as the operator; see `writtenOut`.
 */
export function headOf(output: Value): Head {
  const node = output.producer;
  const [input] = node?.inputs ?? [];
  const plain: Head = { logits: output, kind: 'softmax', isActivated: false };
  if (!node || !input) return plain;
  switch (node.domain === '' ? node.op : undefined) {
    case 'Softmax':
      return { logits: input, kind: 'softmax', isActivated: true };
    case 'LogSoftmax':
      return { ...plain, isActivated: true };
    case 'Sigmoid':
      return { logits: input, kind: 'sigmoid', isActivated: true };
    case 'ArgMax':
      return { ...headOf(input), isActivated: true };
    default: {
      const inner = isPassed(node) || isReshaped(node) ? headOf(input) : writtenHead(output);
      return inner?.isActivated ? inner : plain;
    }
  }
}

function writtenHead(output: Value): Head | undefined {
  const found = writtenOut(output);
  if (found?.kind === 'logSoftmax') return { logits: output, kind: 'softmax', isActivated: true };
  return found && { logits: found.logits, kind: found.kind, isActivated: true };
}

/** The values before a classifier's final Softmax or Sigmoid, or the output itself where there is none. */
export function logitsOf(output: Value): Value {
  return headOf(output).logits;
}

/** Whether an output ends in a Sigmoid, so that it holds probabilities of their own. */
export function isSigmoid(output: Value): boolean {
  return headOf(output).kind === 'sigmoid';
}
