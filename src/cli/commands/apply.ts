import { InvalidArgumentError } from 'commander';
import { OptionError } from '../../base/index.js';
import { readJson } from '../../base/node/index.js';
import { type QuantizeOptions, quantize } from '../../compression/quantization/index.js';
import { parseRecipe, techniques } from '../../strategies/index.js';
import { applyRecipe, checkOptions, optionsOf, type Recipe, requireNoData, type Technique } from '../../technique/index.js';
import type { AddCommand } from '../command.js';
import { requireShapes } from '../input-shapes.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import {
  addInventedOptions,
  addShippingOptions,
  type FastestRequest,
  type Gain,
  type InventedOptions,
  type ShippingOptions,
  slowInIntegers,
} from '../shipping/index.js';
import { addTechniqueFlags, asFlag, flagsGiven, parsedValue } from '../technique-flags.js';
import { writeCompressed } from './results.js';

interface Options extends CommonOptions, ShippingOptions, InventedOptions, Partial<DataOptions> {
  set: Record<string, unknown>;
  out: string;
}

const EXAMPLES = `
Examples:
  $ espalier apply flip-ensemble int8.onnx --data photos/ -o twice.onnx
  $ espalier apply quantize-aware-train model.onnx --data photos/ --weight-type int4 --epochs 3 -o int4.onnx
  $ espalier apply weight-sharing model.onnx --bits 4 -o palette.onnx
  $ espalier apply better/models/ID.card.json other.onnx --data photos/ -o again.onnx

\`espalier techniques\` lists what there is, \`espalier techniques NAME\` its options, and \`espalier apply NAME --help\` its flags.`;

/** Any technique, or a whole recipe, on a model. Where the command line names a technique, its options are flags. */
export const applyCommand: AddCommand = (program, run, args) => {
  const named = techniqueIn(args);
  const command = addDataOptions(program.command('apply <what> <model>'), {
    required: false,
    ...(takesTarget(named) && { named: '--label' }),
  })
    .option('--set <option=value>', 'an option of the technique, as JSON or text; may be repeated', collect, {})
    .requiredOption('-o, --out <file>', 'where the model goes');
  addInventedOptions(addShippingOptions(command)).addHelpText('after', EXAMPLES);
  if (named) addTechniqueFlags(command, named);
  command.action(
    run(async (context, options: Options, what: string, path: string) => {
      const recipe = recipeOf(what, { ...(named && flagsGiven(options, named)), ...options.set });
      // Before any data is read.
      for (const { technique, options } of recipe) checkOptions(techniques.get(technique), options);
      if (options.data === undefined)
        for (const step of recipe) requireNoData(techniques.get(step.technique), step.options, named ? asFlag : undefined);
      context.willWrite(options.out);
      const model = await context.model(path);
      requireShapes(model, options.shape);
      const given = { ...options, ...(takesTarget(named) && { target: undefined }) };
      const task = options.data === undefined ? undefined : await context.task(model, given as DataOptions, { calibrates: true });
      const steps = options.requireFaster ? await fastest(recipe, { context, model, task, options }) : recipe;
      const { checkpoints, clear } = await context.checkpointsBeside(options.out);
      const { threads, out } = options;
      // The given model teaches where a step wants a teacher.
      const common = { ...context.activity, model, original: model, task, runtime: context.runtime, seed: context.seed, threads };
      const { model: made, notes, feeds, mended } = await applyRecipe(steps, { ...common, checkpoints }, techniques);
      const [own] = notes;
      const result = {
        model: made,
        feeds,
        mended,
        notes: recipe.length === 1 ? own : { remarks: notes.flatMap(({ remarks = [] }) => remarks) },
      };
      const mustGain = recipe.length === 1 ? gainOf(techniques.get(recipe[0].technique)) : undefined;
      await writeCompressed(result, { context, task, model, path, out, options, mustGain, clear });
    }),
  );
};

/** The technique that a command line applies: the first word that names one. */
function techniqueIn(args: readonly string[]): Technique | undefined {
  const [technique] = args.flatMap((word) => (word.startsWith('-') ? [] : (techniques.find(word) ?? [])));
  return technique;
}

/** Leaves what is no faster in integers in float where quantization is all that is asked for: later steps see layers of other shapes. */
async function fastest(recipe: Recipe, given: Omit<FastestRequest, 'mode'>): Promise<Recipe> {
  const [{ technique, options }, ...more] = recipe;
  if (more.length > 0 || technique !== quantize.name) return recipe;
  const { mode, exclude } = checkOptions(quantize, options) as QuantizeOptions;
  if (mode === 'half') return recipe;
  return [{ technique, options: { ...options, exclude: [...exclude, ...(await slowInIntegers({ ...given, mode }))] } }];
}

/** Zeros shrink a file only where it is compressed, and so on: what shrinks at all makes no larger file. */
function gainOf({ effects, order }: Technique): Gain | undefined {
  if (order === 'quantize') return 'smaller';
  return effects.includes('shrink') && !effects.includes('grow') ? 'no larger' : undefined;
}

/** Whether --target is an option of the technique, so that --label alone names what is to be predicted. */
function takesTarget(technique: Technique | undefined): boolean {
  return technique !== undefined && optionsOf(technique).some(({ name }) => name === 'target');
}

/** @throws OptionError for what is neither; FormatError for a file that holds no recipe. */
function recipeOf(what: string, set: Readonly<Record<string, unknown>>): Recipe {
  if (!what.endsWith('.json')) return [{ technique: techniques.get(what).name, options: set }];
  if (Object.keys(set).length > 0) throw new OptionError({ what: 'A recipe has its own options', where: what, fix: 'Leave --set out.' });
  return parseRecipe(readJson(what), what);
}

function collect(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const [, name, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('Expected option=value, e.g. epochs=3.');
  return { ...before, [name]: parsedValue(value) };
}
