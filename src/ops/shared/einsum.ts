import { GraphError } from '../../base/index.js';
import type { Node } from '../../onnx/index.js';

/**
 * An einsum equation with one label per axis. Axes that an ellipsis stands for are labelled by their distance from its end (".1" is the
 * last), so that ellipses of different lengths align as numpy's do.
 */
export interface Equation {
  readonly terms: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/**
 * Reads the equation of an Einsum node.
 * @param ranks of the operands; undefined where unknown.
 * @returns undefined where an ellipsis stands for an unknown number of axes.
 * @throws GraphError where the equation does not fit the operands.
 */
export function parseEquation(node: Node, ranks: readonly (number | undefined)[]): Equation | undefined {
  const text = node.string('equation', '').replaceAll(/\s/g, '');
  const fail = (what: string): never => {
    throw new GraphError({ what, where: node.label, got: text });
  };
  if (!/^[A-Za-z.,]*(->[A-Za-z.]*)?$/.test(text)) fail('The equation is malformed');
  const [left, right] = text.split('->');
  const written = left.split(',');
  if (written.length !== ranks.length) fail(`The equation has ${written.length} terms for ${ranks.length} operands`);
  const lengths = written.map((term, index) => ellipsisLength(term, ranks[index], fail));
  if (lengths.includes(undefined)) return undefined;
  const longest = Math.max(0, ...(lengths as number[]));
  const terms = written.map((term, index) => labels(term, lengths[index] as number));
  const output = right === undefined ? implicitOutput(terms, longest) : labels(right, longest);
  const known = new Set(terms.flat());
  const stray = output.find((label, index) => !known.has(label) || output.indexOf(label) !== index);
  if (stray !== undefined) fail(`Label "${stray}" of the output is in no term, or is there twice`);
  return { terms, output };
}

/** Axes that a term's ellipsis stands for; 0 without one, undefined where the rank is unknown. */
function ellipsisLength(term: string, rank: number | undefined, fail: (what: string) => never): number | undefined {
  const letters = term.replace('...', '').length;
  const dots = term.includes('...');
  if (term.replace('...', '').includes('.')) return fail('The equation is malformed');
  if (rank === undefined) return dots ? undefined : 0;
  if (dots ? rank < letters : rank !== letters) return fail(`Term "${term}" does not fit an operand of rank ${rank}`);
  return dots ? rank - letters : 0;
}

function labels(term: string, length: number): string[] {
  const [before, after] = term.split('...');
  const middle = after === undefined ? [] : Array.from({ length }, (_, index) => `.${length - index}`);
  return [...before, ...middle, ...(after ?? '')];
}

/** Without "->": the ellipsis, then the letters that occur once, in order. */
function implicitOutput(terms: readonly (readonly string[])[], longest: number): string[] {
  const all = terms.flat().filter((label) => !label.startsWith('.'));
  const once = all.filter((label) => all.indexOf(label) === all.lastIndexOf(label));
  return [...labels('...', longest), ...once.sort()];
}

/** Writes an equation in letters. @returns undefined where more than 52 labels would be needed. */
export function printEquation({ terms, output }: Equation): string | undefined {
  const letters = new Map<string, string>();
  const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  for (const label of [...terms.flat(), ...output]) if (!letters.has(label)) letters.set(label, alphabet.charAt(letters.size));
  if (letters.size > alphabet.length) return undefined;
  const print = (term: readonly string[]) => term.map((label) => letters.get(label)).join('');
  return `${terms.map(print).join(',')}->${print(output)}`;
}
