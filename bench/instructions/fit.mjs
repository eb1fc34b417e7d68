// Fits what a layer's instructions grow with to counts of an emulated core, and writes src/infrastructure/hardware/microcontroller/instructions.ts:
//   node bench/instructions/fit.mjs bench/instructions/kernels.json [more.json ...] && npm run format
// A count is { model, layer, kind, type, macs, elements, instructions }, with `set` (default armv7e-m) and `mix`, the instructions by what they do, where
// known. `kind` is a kind of kernels.c, or the name of an ONNX operator, which goes first. `elements`: numbers of the result; without
// multiplications the larger of the numbers read and written.
import { readFileSync, writeFileSync } from 'node:fs';
import { relativeFit } from 'espalier/hardware';

const counts = process.argv.slice(2).flatMap((file) => JSON.parse(readFileSync(file, 'utf8')));
const round = (number) => Number(number.toPrecision(4));
const groups = new Map();
for (const each of counts) {
  const key = [each.set ?? 'armv7e-m', each.kind, each.type].join(' ');
  groups.set(key, [...(groups.get(key) ?? []), each]);
}

const table = {};
for (const [key, group] of groups) {
  const [set, kind, type] = key.split(' ');
  const rows = group.map(({ macs, elements }) => [macs, elements, 1]);
  const [perMac, perElement, perLayer] = relativeFit(
    rows,
    group.map(({ instructions }) => instructions),
  ).map(round);
  const errors = rows.map(([macs, elements], i) =>
    Math.abs((macs * perMac + elements * perElement + perLayer) / group[i].instructions - 1),
  );
  const worst = Math.max(...errors);
  const all = {};
  for (const { mix = {} } of group) for (const [what, number] of Object.entries(mix)) all[what] = (all[what] ?? 0) + number;
  const sum = Object.values(all).reduce((a, b) => a + b, 0);
  const mix = sum > 0 ? Object.fromEntries(Object.entries(all).map(([what, number]) => [what, round(number / sum)])) : undefined;
  table[set] ??= {};
  table[set][kind] ??= {};
  table[set][kind][type] = { perMac, perElement, perLayer, ...(mix && { mix }) };
  console.log(
    `${key}: ${perMac} a multiply-accumulate, ${perElement} an element, ${perLayer} a layer; worst of ${group.length}: ${(100 * worst).toFixed(1)}%`,
  );
}
const target = new URL('../../src/infrastructure/hardware/microcontroller/instructions.ts', import.meta.url);
writeFileSync(
  target,
  `// Written by bench/instructions/fit.mjs from ${process.argv
    .slice(2)
    .map((file) => file.split('/').at(-1))
    .join(', ')}.
import type { InstructionTable } from './counts.js';

/** Instructions by instruction set, kind of layer and type: counted on an emulated core. */
export const instructionCounts: InstructionTable = ${JSON.stringify(table, null, 2)};
`,
);
