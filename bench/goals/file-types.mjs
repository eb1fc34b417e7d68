// Labelled files for a classifier of file types: what lies in node_modules, by the ends of their names.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { zipSync } from 'fflate';

/** The first and the last so many bytes are read. */
const END = 1024;
const NOTHING = 256;
/** Kinds that the model tells apart. */
const CLASSES = 214;
/** Of each kind, so that scripts do not drown the rest; kinds of fewer files are left out. */
const MOST = 300;
const FEWEST = 40;
const VOTERS = 40;

/**
 * Writes an .npz with the files below a folder as the model reads them, "bytes" [files, 2048] of int32, and their classes "y", a one among zeros. The class of an ending is the one
 * that the model gives to most of the first of its files. The same files give the same array.
 */
export async function writeFileTypes(folder, path, model) {
  const groups = [...filesByEnding(folder)].filter(([, files]) => files.length >= FEWEST);
  const runtime = createNodeRuntime({ threads: 1 });
  const program = await runtime.compile(loadModel(model));
  const [rows, labels] = [[], []];
  for (const [, files] of groups) {
    const own = files.slice(0, MOST).map((file) => endsOf(readFileSync(file)));
    const votes = new Map();
    for (const row of own.slice(0, VOTERS)) {
      const [scores] = Object.values(await program.run({ bytes: Tensor.of('int32', [1, 2 * END], row.slice()) }));
      const numbers = scores.toFloat32();
      const answer = numbers.indexOf(Math.max(...numbers));
      votes.set(answer, (votes.get(answer) ?? 0) + 1);
    }
    const [[label]] = [...votes].sort(([, a], [, b]) => b - a);
    rows.push(...own);
    labels.push(...own.map(() => Int32Array.from({ length: CLASSES }, (_, each) => Number(each === label))));
  }
  await runtime.dispose();
  writeFileSync(
    path,
    zipSync({ 'bytes.npy': npy(rows, [rows.length, 2 * END]), 'y.npy': npy(labels, [rows.length, CLASSES]) }, { level: 1 }),
  );
}

/** Files by ending, in an order that has nothing to do with their names. */
function filesByEnding(folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = found.map(({ parentPath, name }) => join(parentPath, name)).filter((file) => extname(file));
  const order = new Map(paths.map((file) => [file, createHash('sha1').update(file.slice(folder.length)).digest('hex')]));
  const groups = new Map();
  for (const file of paths.sort((a, b) => (order.get(a) < order.get(b) ? -1 : 1))) {
    groups.set(extname(file), [...(groups.get(extname(file)) ?? []), file]);
  }
  return groups;
}

function endsOf(bytes) {
  const text = Buffer.from(bytes.toString('latin1').trim(), 'latin1');
  const row = new Int32Array(2 * END).fill(NOTHING);
  row.set(text.subarray(0, END));
  const last = text.subarray(-END);
  row.set(last, 2 * END - last.length);
  return row;
}

function npy(rows, shape) {
  const header = `{'descr': '<i4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const head = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), Buffer.alloc(2), Buffer.from(`${header.padEnd(117)}\n`)]);
  head.writeUInt16LE(118, 8);
  return Buffer.concat([head, ...rows.map(({ buffer }) => Buffer.from(buffer))]);
}
