import { OptionError, UnsupportedError } from '../base/index.js';
import type { Node } from '../onnx/index.js';
import { families } from './families/index.js';
import type { Family, OpRule } from './rule.js';

const rules = new Map<string, OpRule>();
for (const [domain, members] of families) register(domain, members);

function register(domain: string, family: Family): void {
  for (const [op, rule] of Object.entries(family)) {
    const key = `${domain}:${op}`;
    if (rules.has(key)) throw new Error(`Two families define ${key}`);
    rules.set(key, rule);
  }
}

/**
 * Adds an operator to those that Espalier knows: all that passes, training, pruning, quantization and inspection ask of it.
 * @param domain '' for the standard's own.
 * @throws OptionError where there is a rule of this name already.
 */
export function addOperator(domain: string, name: string, rule: OpRule): void {
  const key = `${domain}:${name}`;
  if (rules.has(key)) throw new OptionError({ what: 'There is a rule for this operator already', got: `${domain}.${name}` });
  rules.set(key, rule);
}

/** The rule of a node's operator; undefined for one that Espalier does not know. 'ai.onnx' is the standard domain's other name. */
export function ruleOf(node: Pick<Node, 'op' | 'domain'>): OpRule | undefined {
  return rules.get(`${node.domain === 'ai.onnx' ? '' : node.domain}:${node.op}`);
}

/** The rule of a node's operator. @throws UnsupportedError for one that Espalier does not know. */
export function requireRule(node: Node): OpRule {
  const rule = ruleOf(node);
  if (rule) return rule;
  throw new UnsupportedError({
    what: `Espalier has no rule for operator ${node.domain ? `${node.domain}.` : ''}${node.op}`,
    where: node.label,
    fix: 'Leave this part of the model as it is, or replace the operator by standard ones when exporting.',
  });
}

/** Every operator known, as [domain, name]. */
export function knownOperators(): [string, string][] {
  return [...rules.keys()].map((key) => key.split(':') as [string, string]);
}
