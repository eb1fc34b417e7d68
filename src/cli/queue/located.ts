import { existsSync } from 'node:fs';
import { z } from 'zod';
import { FormatError, lookup } from '../../base/index.js';
import { readJson } from '../../base/node/index.js';
import { isBuiltin } from '../../modalities/node/index.js';
import type { Options } from '../optimizing/options.js';

/** How a run is open on a machine that does not share its folder: what the worker tells the process that does its jobs. */
const located = z.object({
  store: z.object({ address: z.string(), run: z.string() }),
  /** Where files are that the command line names, by what it says. */
  inputs: z.record(z.string(), z.string()),
  /** Where models go. */
  out: z.string(),
});
export type Located = z.infer<typeof located>;

/** @throws FormatError for what no worker wrote. */
export function readLocated(path: string): Located {
  const { data, error } = located.safeParse(readJson(path));
  if (data) return data;
  throw new FormatError({ what: 'Not how a worker opens a run', where: path, got: error.issues[0].message });
}

type Paths = Pick<Options, 'data' | 'input' | 'labels' | 'hardware' | 'out'>;

/** Files and folders that a command line names: its model, data, labels and hardware; no names of what is built in. */
export function namedPaths(model: string | undefined, { data, input, labels, hardware }: Paths): string[] {
  const ofData = isBuiltin(data) ? undefined : data;
  const ofHardware = hardware?.endsWith('.json') ? hardware : undefined;
  const all = [model, ofData, labels, ofHardware, ...Object.values(input ?? {})];
  return [...new Set(all.filter((path) => path !== undefined))].filter((path) => existsSync(path));
}

/** Options with paths of this machine. The data keeps its name: runs are told apart by it. */
export function withLocated<Given extends Paths>(options: Given, { inputs, out }: Located): Given {
  const here = (path: string) => lookup(inputs, path) ?? path;
  const { data, input, labels, hardware } = options;
  return {
    ...options,
    out,
    data: here(data),
    ...(here(data) !== data && { dataName: data }),
    ...(input && { input: Object.fromEntries(Object.entries(input).map(([name, path]) => [name, here(path)])) }),
    ...(labels !== undefined && { labels: here(labels) }),
    ...(hardware !== undefined && { hardware: here(hardware) }),
  };
}
