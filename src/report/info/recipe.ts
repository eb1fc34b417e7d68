import type { ModelInfo } from '../../strategies/index.js';
import type { Recipe, Step } from '../../technique/index.js';
import { significant } from './format.js';

export interface StepText {
  technique: string;
  /** Options in the recipe's order, in words: "learning rate" and "0.001". */
  options: { name: string; value: string }[];
}

/** A recipe's steps for people. Options that are not set are left out. */
export function recipeSteps(recipe: Recipe): StepText[] {
  return recipe.map(({ technique, options }: Step) => ({
    technique,
    options: Object.entries(options ?? {}).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [{ name: words(name), value: optionText(value) }],
    ),
  }));
}

/** A recipe in one line: "prune (keep 0.5, epochs 12), then quantize (mode static)"; "nothing" for the empty one. */
export function recipeText(recipe: Recipe): string {
  const steps = recipeSteps(recipe).map(({ technique, options }) => {
    const list = options.map(({ name, value }) => `${name} ${value}`).join(', ');
    return list ? `${technique} (${list})` : technique;
  });
  return steps.join(', then ') || 'nothing';
}

/** A shell command, to be run in the report's folder, that measures the model's file again. DIR stands for the data. */
export function evaluateCommand(model: ModelInfo): string {
  return `npx espalier eval ${shellQuoted(model.file)} --data DIR`;
}

/** "learningRate" as "learning rate". */
function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`);
}

function optionText(value: unknown): string {
  if (typeof value === 'number') return significant(value, 4);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One argument for a POSIX shell, whatever it holds. A name that looks like an option is given as a path. */
function shellQuoted(text: string): string {
  const path = text.startsWith('-') ? `./${text}` : text;
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
