import { needs, waysWithout } from './needs.js';
import { checkOptions, type NeedName, type Options, type Technique } from './technique.js';

const NEEDS: Readonly<Record<NeedName, string>> = { data: 'data', gradients: 'gradients', runtime: 'a runtime' };

/** What a technique cannot do without, in words: "data, gradients", "data unless mode=dynamic", "nothing". */
export function describeNeeds(technique: Technique): string {
  const options = usableOptions(technique);
  const checked = checkOptions(technique, options);
  const words = (Object.keys(NEEDS) as NeedName[]).flatMap((name) => {
    // Whatever trains or is calibrated is run: that says nothing more.
    if (name === 'runtime' && needs(technique, 'data', checked)) return [];
    if (!needs(technique, name, checked)) return [];
    const [way] = waysWithout(technique, name, options);
    return [way ? `${NEEDS[name]} unless ${waysWithout(technique, name, options).join(' or ')}` : NEEDS[name]];
  });
  return words.join(', ') || 'nothing';
}

/** A command line that applies a technique. */
export function exampleOf(technique: Technique): string {
  const { name, example = {} } = technique;
  const needsData = needs(technique, 'data', checkOptions(technique, example));
  const flags = Object.entries(example).map(
    ([option, value]) => `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`,
  );
  return ['espalier apply', name, 'model.onnx', ...(needsData ? ['--data photos/'] : []), ...flags, '-o new.onnx'].join(' ');
}

/** The defaults, where a technique has some for all of its options; else the example's options. */
function usableOptions({ schema, example = {} }: Technique): Options {
  return schema.safeParse({}).success ? {} : example;
}
