import type { Model } from '../../onnx/index.js';

/** Where Espalier itself leaves them. */
export const LABELS_KEY = 'espalier.classes';

/** Metadata under which exporters leave the names of the classes. */
const KEYS = [LABELS_KEY, 'id2label', 'names', 'classes', 'class_names', 'labels'];

/**
 * The names of a model's classes by the number of their scores, where its file has them: in its metadata, as JSON or as Python writes a list or
 * dictionary, or in the attributes of ai.onnx.ml's classifiers and ZipMap.
 */
export function labelsOfModel({ metadata, graph }: Model): { labels: readonly string[]; from: string } | undefined {
  for (const key of KEYS) {
    const labels = parseLabels(metadata.get(key));
    if (labels) return { labels, from: `as the model's metadata "${key}" lists them` };
  }
  for (const { op, attributes } of graph.nodes) {
    for (const name of ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints']) {
      const value = attributes.get(name)?.value;
      if (Array.isArray(value) && value.length > 1) return { labels: value.map(String), from: `as the model's ${op} lists them` };
    }
  }
  return undefined;
}

/** Undefined for what is no list of at least two different names: anyone may write metadata. */
function parseLabels(text: string | undefined): string[] | undefined {
  const parsed = text === undefined ? undefined : (parse(text) ?? parse(asJson(text)) ?? byCommas(text));
  const found = Array.isArray(parsed) ? parsed.map(String) : byNumber(parsed);
  return found && found.length > 1 && new Set(found).size === found.length ? found : undefined;
}

function parse(text: string): unknown {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A dictionary of Python with numbers as keys, or a list of texts in single quotes. */
function asJson(text: string): string {
  return text.replaceAll("'", '"').replace(/([{,]\s*)(\d+)\s*:/g, '$1"$2":');
}

function byCommas(text: string): string[] | undefined {
  return /^[^{}[\]"]+,[^{}[\]"]+$/.test(text) ? text.split(',').map((name) => name.trim()) : undefined;
}

/** {"0": "cat", "1": "dog"}: every number from 0 on, once. */
function byNumber(value: unknown): string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  const names = new Array<string | undefined>(entries.length);
  for (const [key, name] of entries) if (/^\d+$/.test(key) && Number(key) < names.length) names[Number(key)] = String(name);
  return names.every((name) => name !== undefined) ? (names as string[]) : undefined;
}
