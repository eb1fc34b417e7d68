import { OptionError } from '../base/index.js';
import type { TechniqueContext, TechniqueResult } from './context.js';
import { choicesOf } from './options.js';
import { checkOptions, type NeedName, type Options, type Technique } from './technique.js';

/** Whether a technique with these options, which are checked, needs something. */
export function needs(technique: Pick<Technique, 'needs'>, name: NeedName, options: Options): boolean {
  const need = technique.needs[name];
  return typeof need === 'function' ? need(options) : need === true;
}

/** Single choices that do away with a need, as "mode=dynamic". @param options as they are given. */
export function waysWithout(technique: Technique, name: NeedName, options: Options): string[] {
  return choicesOf(technique).flatMap(([option, values]) =>
    values.flatMap((value) => {
      const checked = technique.schema.safeParse({ ...options, [option]: value });
      return checked.success && !needs(technique, name, checked.data) ? [`${option}=${value}`] : [];
    }),
  );
}

/**
 * Applies a technique with options that are yet to be checked.
 * @throws OptionError for options that cannot be used, and where there is no data and the technique needs some.
 */
export async function applyTechnique(technique: Technique, context: TechniqueContext, options: unknown): Promise<TechniqueResult> {
  const checked = checkOptions(technique, options);
  if (!context.task) requireNoData(technique, options as Options);
  return technique.apply(context, checked);
}

/**
 * @param options as they are given.
 * @param spelt how an option's value is asked for where the caller reads it. Default: `tuning=none`.
 * @throws OptionError where the technique needs data with them, saying how it would not.
 */
export function requireNoData(technique: Technique, options: Options, spelt: (way: string) => string = (way) => way): void {
  if (!needs(technique, 'data', checkOptions(technique, options))) return;
  const ways = waysWithout(technique, 'data', options).map(spelt);
  const or = ways.length > 0 ? `, or ${ways.join(', or ')}, which needs none` : '';
  throw new OptionError({ what: `The technique "${technique.name}" needs data`, fix: `Give data${or}.` });
}
