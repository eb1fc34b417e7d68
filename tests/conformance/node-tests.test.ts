import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Graph, type Node, SymbolicDim, type Tensor, type Value, type ValueType } from 'espalier/onnx';
import { Inference, ruleOf } from 'espalier/ops';
import { shared, skipWithout } from '../support/paths.js';
import { type Contents, caseNames, type NodeCase, readCase } from './node-cases.js';

const found = shared('data', 'onnx-node-tests');
const skip = skipWithout(found, "ONNX's operator cases");
const folder = found ?? '';
const names = skip ? [] : caseNames(folder);

/** Cases whose outputs' rank is not inferred even where all inputs are constant, and why. */
const withoutRank: Readonly<Record<string, string>> = {
  test_identity_sequence: 'the model does not say what rank the elements of its input have',
  test_loop16_seq_none: 'the sequence grows in a loop from one that may be absent, by elements of another rank',
  test_sequence_insert_at_back: 'the model does not say what rank the elements of its input have',
  test_sequence_map_add_1_sequence_1_tensor_expanded: 'the sequence starts empty',
  test_sequence_map_extract_shapes_expanded: 'the sequence starts empty',
  test_sequence_map_identity_1_sequence_1_tensor_expanded: 'the sequence starts empty',
  test_sequence_map_identity_2_sequences_expanded: 'the sequence starts empty',
};

/** Inputs with at most this many elements become constants: shapes, axes, conditions, scales. */
const MAX_CONSTANT = 64;

/** What is known about a case's inputs before its types are inferred. */
const knowledge = {
  'as declared': (input: Value) => input,
  'small ones constant': (input: Value, contents: Contents) => {
    if (isTensor(contents) && contents.size <= MAX_CONSTANT) input.initializer = contents;
  },
  'sizes unknown': (input: Value) => {
    if (input.type?.kind === 'tensor') input.type = { ...input.type, shape: input.shape?.map(() => SymbolicDim.unknown()) };
  },
  'ranks unknown': (input: Value) => {
    if (input.type?.kind === 'tensor') input.type = { kind: 'tensor', dtype: input.type.dtype };
  },
  'types unknown': (input: Value) => {
    input.type = undefined;
  },
};

/** Infers a case from scratch: what the model declares about its outputs is forgotten first. */
function infer({ model, inputs }: NodeCase, known: (input: Value, contents: Contents) => void): Inference {
  model.graph.sort();
  for (const output of model.graph.outputs) output.type = undefined;
  for (const node of model.graph.nodes) for (const output of node.outputs) if (output) output.type = undefined;
  model.graph.inputs.forEach((input, index) => {
    known(input, inputs[index]);
  });
  const inference = new Inference(model.opsets, model.functions);
  inference.graph(model.graph);
  return inference;
}

function isTensor(contents: Contents): contents is Tensor {
  return contents !== undefined && 'dtype' in contents;
}

/** What is wrong with a type for given contents; empty where they agree. */
function disagreements(type: ValueType | undefined, contents: Contents, path: string): string[] {
  if (!type) return [`${path} has no type`];
  if (type.kind === 'optional') return contents === undefined ? [] : disagreements(type.element, contents, `${path}?`);
  if (!isTensor(contents)) {
    if (type.kind !== 'sequence') return [`${path} is a ${type.kind}, not a sequence`];
    return (contents ?? []).flatMap((each, index) => disagreements(type.element, each, `${path}[${index}]`));
  }
  if (type.kind !== 'tensor') return [`${path} is a ${type.kind}, not a tensor`];
  const { dtype, shape } = type;
  const wrong = dtype === contents.dtype ? [] : [`${path} is ${dtype}, not ${contents.dtype}`];
  if (
    shape &&
    (shape.length !== contents.shape.length || shape.some((dim, axis) => typeof dim === 'number' && dim !== contents.shape[axis]))
  ) {
    wrong.push(`${path} is [${shape}], not [${contents.shape}]`);
  }
  return wrong;
}

/** Whether a disagreement is only that something is not known. */
function isOpen(disagreement: string): boolean {
  return / (has no type|is undefined, not \w+)$/.test(disagreement);
}

function tensorTypes(type: ValueType | undefined): Extract<ValueType, { kind: 'tensor' }>[] {
  if (type?.kind === 'tensor') return [type];
  return type?.kind === 'sequence' || type?.kind === 'optional' ? tensorTypes(type.element) : [];
}

function* nodesOf(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node;
    for (const inner of node.subgraphs()) yield* nodesOf(inner);
  }
}

describe("ONNX's operator cases", { skip }, () => {
  test('every operator has a rule', (context) => {
    const operators = new Set<string>();
    const missing = new Set<string>();
    for (const name of names) {
      const { model } = readCase(folder, name);
      const local = new Set(model.functions.map((each) => `${each.domain}.${each.name}`));
      for (const graph of [model.graph, ...model.functions.map((each) => each.graph)]) {
        for (const node of nodesOf(graph)) {
          const key = `${node.domain}.${node.op}`;
          operators.add(key);
          if (!ruleOf(node) && !local.has(key)) missing.add(key);
        }
      }
    }
    context.diagnostic(`${operators.size} operators`);
    assert.deepEqual([...missing].sort(), []);
  });

  for (const [what, known] of Object.entries(knowledge)) {
    test(`inferred types agree with the outputs; inputs: ${what}`, (context) => {
      let dims = 0;
      let numeric = 0;
      const wrong: string[] = [];
      const unranked: string[] = [];
      for (const name of names) {
        const given = readCase(folder, name);
        try {
          const { unknown } = infer(given, known);
          if (unknown.size > 0) wrong.push(`${name}: no rule for ${[...unknown]}`);
        } catch (error) {
          wrong.push(`${name}: ${(error as Error).stack?.split('\n').slice(0, 3).join(' ')}`);
          continue;
        }
        given.model.graph.outputs.forEach((output, index) => {
          if (index < given.outputs.length) wrong.push(...disagreements(output.type, given.outputs[index], `${name}: ${output.name}`));
          for (const { shape } of tensorTypes(output.type)) {
            if (!shape) unranked.push(name);
            dims += shape?.length ?? 0;
            numeric += shape?.filter((dim) => typeof dim === 'number').length ?? 0;
          }
        });
      }
      context.diagnostic(`${names.length} cases, ${unranked.length} outputs of unknown rank; ${numeric} of ${dims} dimensions are numbers`);
      assert.deepEqual(what === 'types unknown' ? wrong.filter((each) => !isOpen(each)) : wrong, []);
      if (what === 'small ones constant') assert.deepEqual([...new Set(unranked)], Object.keys(withoutRank));
    });
  }
});
