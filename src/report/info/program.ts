import type { KernelSummary, ProgramSummary } from '../../infrastructure/codegen/index.js';
import { formatBytes, formatCount } from './format.js';

/** What a compiled model needs, as labels and texts. */
export function programTotals({ inputs, outputs, arenaBytes, constantBytes, macs, kernels, patches }: ProgramSummary): [string, string][] {
  const bytes = (ports: ProgramSummary['inputs']) => ports.reduce((sum, port) => sum + port.bytes, 0);
  return [
    ['constants', `${formatBytes(constantBytes)} (flash; the code comes on top)`],
    ['arena', `${formatBytes(arenaBytes)} (RAM)`],
    ['inputs, outputs', `${formatBytes(bytes(inputs))}, ${formatBytes(bytes(outputs))} (RAM of the caller)`],
    ['work', `${formatCount(macs)} multiply-accumulates in ${kernels.length} kernels`],
    ...(patches ? [['patches', patchesText(patches)] as [string, string]] : []),
  ];
}

/** How the first layers are computed part by part, and what that gains and costs. */
function patchesText({ grid: [rows, columns], layers, until, arenaBytes, macs }: NonNullable<ProgramSummary['patches']>): string {
  const more = (100 * (macs.patched / macs.whole - 1)).toFixed(1);
  const gain = `${formatBytes(arenaBytes.whole)} -> ${formatBytes(arenaBytes.patched)} of arena, ${more}% more multiply-accumulates`;
  return `the first ${layers} layers in ${rows} x ${columns} parts, until "${until}": ${gain}`;
}

/** The kernels while which the most memory is in use. */
export function peakOf({ kernels }: ProgramSummary): KernelSummary | undefined {
  return kernels.reduce<KernelSummary | undefined>(
    (most, kernel) => (most && most.arenaBytes >= kernel.arenaBytes ? most : kernel),
    undefined,
  );
}

/** Names of the operators that a kernel computes, without those of the nodes. */
export function operatorsOf({ title }: KernelSummary): string {
  return title.replace(/ "[^"]*"/g, '').replaceAll(', ', ' + ');
}

/** Names of the nodes that a kernel computes. */
export function nodesOfKernel({ title }: KernelSummary): string {
  return [...title.matchAll(/"([^"]*)"/g)].map(([, name]) => name).join(', ') || title;
}
