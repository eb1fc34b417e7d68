import type { Random } from 'espalier/base';
import { join } from '../wire.js';
import { bombs } from './bombs.js';
import { damage, oddNames, oddNumbers, oddOperators } from './odd.js';
import { allMessages, bigVarint, messagesOf, readTree, type WireField, type WireMessage, writeTree } from './wire-tree.js';

type Mutation = (root: WireMessage, random: Random) => void;

const text = (value: string): WireField['contents'] => ({ kind: 'bytes', wireType: 2, bytes: new TextEncoder().encode(value) });

/** A field of one of the messages of a type; undefined where there is none. */
function fieldOf(root: WireMessage, random: Random, types: readonly string[], numbers: readonly number[]): WireField | undefined {
  const found = types
    .flatMap((type) => [...messagesOf(root, type)])
    .flatMap(({ fields }) => fields.filter((f) => numbers.includes(f.number)));
  return found.length > 0 ? random.pick(found) : undefined;
}

function messageOf(root: WireMessage, random: Random, type: string): WireMessage | undefined {
  const found = [...messagesOf(root, type)];
  return found.length > 0 ? random.pick(found) : undefined;
}

function setNumber(field: WireField | undefined, random: Random): void {
  if (field) field.contents = { kind: 'number', value: random.pick(oddNumbers) };
}

/** A list of 64-bit numbers, in one field. */
function packed(numbers: readonly bigint[]): WireField['contents'] {
  return { kind: 'bytes', wireType: 2, bytes: join(numbers.map(bigVarint)) };
}

/** What is done to a well-formed model; most leave it well-formed. */
const mutations: Readonly<Record<string, Mutation>> = {
  operator: (root, random) => {
    const field = fieldOf(root, random, ['node'], [4]);
    if (field) field.contents = text(random.uniform() < 0.3 ? random.pick(oddNames) : random.pick(oddOperators));
  },
  name: (root, random) => {
    const field = fieldOf(
      root,
      random,
      ['node', 'tensor', 'attribute', 'value', 'function', 'opset', 'entry', 'dimension'],
      [1, 2, 3, 7, 8, 10],
    );
    if (field?.contents.kind === 'bytes') field.contents = text(random.pick(oddNames));
  },
  rename: (root, random) => {
    // Every use of a name alike, so that the graph stays whole.
    const field = fieldOf(root, random, ['node'], [1, 2]);
    if (field?.contents.kind !== 'bytes') return;
    const old = Buffer.from(field.contents.bytes).toString('latin1');
    const name = text(random.pick(oddNames));
    for (const { fields } of allMessages(root))
      for (const each of fields)
        if (each.contents.kind === 'bytes' && Buffer.from(each.contents.bytes).toString('latin1') === old) each.contents = name;
  },
  domain: (root, random) => {
    const field = fieldOf(root, random, ['opset'], [1]) ?? fieldOf(root, random, ['node'], [7]);
    if (field) field.contents = text(random.pick(['com.microsoft', 'ai.onnx.ml', ...oddNames]));
  },
  opset: (root, random) => setNumber(fieldOf(root, random, ['opset'], [2]), random),
  dimension: (root, random) => setNumber(fieldOf(root, random, ['dimension'], [1]), random),
  'tensor dimension': (root, random) => {
    const field = fieldOf(root, random, ['tensor'], [1]);
    if (field?.contents.kind === 'bytes') field.contents = packed([random.pick(oddNumbers)]);
    else setNumber(field, random);
  },
  'element type': (root, random) => {
    const field = fieldOf(root, random, ['tensor'], [2]) ?? fieldOf(root, random, ['tensorType'], [1]);
    if (field) field.contents = { kind: 'number', value: BigInt(random.integer(30)) };
  },
  'integers of a tensor': (root, random) => {
    // int64 contents are shapes, axes, repeats and starts.
    const tensors = [...messagesOf(root, 'tensor')].filter(({ fields }) =>
      fields.some(({ number, contents }) => number === 2 && contents.kind === 'number' && contents.value === 7n),
    );
    if (tensors.length === 0) return;
    const raw = random.pick(tensors).fields.find(({ number }) => number === 9);
    if (raw?.contents.kind !== 'bytes' || raw.contents.bytes.length < 8) return;
    const bytes = Uint8Array.from(raw.contents.bytes);
    const view = new DataView(bytes.buffer);
    view.setBigInt64(8 * random.integer(Math.floor(bytes.length / 8)), random.pick(oddNumbers), true);
    raw.contents = { kind: 'bytes', wireType: 2, bytes };
  },
  attribute: (root, random) => {
    const field = fieldOf(root, random, ['attribute'], [3, 8, 20]);
    if (field?.contents.kind === 'bytes') field.contents = packed([random.pick(oddNumbers), random.pick(oddNumbers)]);
    else setNumber(field, random);
  },
  'attribute type': (root, random) => {
    const field = fieldOf(root, random, ['attribute'], [20]);
    if (field) field.contents = { kind: 'number', value: BigInt(random.integer(16)) };
  },
  input: (root, random) => {
    const [a, b] = [fieldOf(root, random, ['node'], [1]), fieldOf(root, random, ['node'], [1, 2])];
    if (a && b) a.contents = b.contents;
  },
  output: (root, random) => {
    const node = messageOf(root, random, 'node');
    const twice = node?.fields.find(({ number }) => number === 2);
    if (node && twice) node.fields.push({ ...twice });
  },
  repeat: (root, random) => {
    const message = random.pick([...allMessages(root)]);
    if (message.fields.length === 0) return;
    const field = random.pick(message.fields);
    for (let i = random.pick([1, 1, 3, 300]); i > 0; i--) message.fields.push(field);
  },
  remove: (root, random) => {
    const message = random.pick([...allMessages(root)]);
    if (message.fields.length > 0) message.fields.splice(random.integer(message.fields.length), 1);
  },
  swap: (root, random) => {
    const [a, b] = [random.pick([...allMessages(root)]), random.pick([...allMessages(root)])];
    if (a.type === b.type) [a.fields, b.fields] = [b.fields, a.fields];
  },
  renumber: (root, random) => {
    const message = random.pick([...allMessages(root)]);
    if (message.fields.length > 0) random.pick(message.fields).number = 1 + random.integer(26);
  },
  'external data': (root, random) => {
    const tensor = messageOf(root, random, 'tensor');
    if (!tensor) return;
    const entry = (key: string, value: string): WireField => ({
      number: 13,
      contents: {
        kind: 'message',
        type: 'entry',
        fields: [
          { number: 1, contents: text(key) },
          { number: 2, contents: text(value) },
        ],
      },
    });
    const odd = () => String(random.pick(oddNumbers));
    const path = random.pick(['data.bin', '/dev/zero', '../data.bin', '.', '', 'data.bin/x', '/proc/self/mem', ...oddNames]);
    tensor.fields.push(entry('location', path), { number: 14, contents: { kind: 'number', value: 1n } });
    if (random.uniform() < 0.5) tensor.fields.push(entry('offset', odd()));
    if (random.uniform() < 0.5) tensor.fields.push(entry('length', odd()));
  },
  sparse: (root, random) => {
    // A dense initializer says that it is a sparse one of an odd shape.
    const graph = messageOf(root, random, 'graph');
    const field = graph?.fields.find(({ number }) => number === 5);
    if (field?.contents.kind !== 'message') return;
    const indices: WireField['contents'] = {
      kind: 'message',
      type: 'tensor',
      fields: [
        { number: 1, contents: { kind: 'number', value: 1n } },
        { number: 2, contents: { kind: 'number', value: 7n } },
        { number: 7, contents: { kind: 'number', value: random.pick(oddNumbers) } },
      ],
    };
    const values = field.contents;
    field.number = 15;
    const dims = Array.from(
      { length: 1 + random.integer(3) },
      (): WireField => ({ number: 3, contents: { kind: 'number', value: random.pick(oddNumbers) } }),
    );
    field.contents = {
      kind: 'message',
      type: 'sparse',
      fields: [{ number: 1, contents: values }, { number: 2, contents: indices }, ...dims],
    };
  },
  subgraph: (root, random) => {
    const [node, graph] = [messageOf(root, random, 'node'), messageOf(root, random, 'graph')];
    if (!node || !graph) return;
    const inside: WireMessage = structuredClone(graph);
    for (let depth = random.pick([1, 1, 2, 40]); depth > 0; depth--) {
      node.fields.push({
        number: 5,
        contents: {
          kind: 'message',
          type: 'attribute',
          fields: [
            { number: 1, contents: text(random.pick(['body', 'then_branch', 'else_branch'])) },
            { number: 6, contents: inside },
            { number: 20, contents: { kind: 'number', value: 5n } },
          ],
        },
      });
    }
    const op = node.fields.find(({ number }) => number === 4);
    if (op) op.contents = text(random.pick(['If', 'Loop', 'Scan', 'SequenceMap']));
  },
  function: (root, random) => {
    const [node, graph] = [messageOf(root, random, 'node'), root.fields.find(({ number }) => number === 7)];
    const op = node?.fields.find(({ number }) => number === 4);
    if (!node || op?.contents.kind !== 'bytes' || graph?.contents.kind !== 'message') return;
    const names = (from: number, to: number): WireField[] =>
      node.fields.filter(({ number }) => number === from).map(({ contents }) => ({ number: to, contents }));
    const body = graph.contents.fields.filter(({ number }) => number === 1).slice(0, 1 + random.integer(4));
    root.fields.push({
      number: 25,
      contents: {
        kind: 'message',
        type: 'function',
        fields: [{ number: 1, contents: op.contents }, ...names(1, 4), ...names(2, 5), ...structuredClone(body)],
      },
    });
  },
};

/** A model made from a well-formed one, and what was done to it. */
export function mutatedModel(bytes: Uint8Array, random: Random): { bytes: Uint8Array; what: string } {
  const kind = random.uniform();
  if (kind < 0.12) return { bytes: damage(bytes, random), what: 'bytes' };
  if (kind < 0.14) {
    const what = random.pick(Object.keys(bombs));
    return { bytes: bombs[what](random), what };
  }
  const root = readTree(bytes);
  const what = Array.from({ length: 1 + random.integer(4) }, () => random.pick(Object.keys(mutations)));
  for (const each of what) mutations[each](root, random);
  const changed = writeTree(root);
  return random.uniform() < 0.05
    ? { bytes: damage(changed, random), what: [...what, 'bytes'].join(', ') }
    : { bytes: changed, what: what.join(', ') };
}
