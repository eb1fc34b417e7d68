import { Option } from 'commander';
import { architecture, architectures } from '../../architectures/index.js';
import { DataError, OptionError } from '../../base/index.js';
import type { DataSource, Preprocess } from '../../data/index.js';
import { distill } from '../../learning/distillation/index.js';
import { freshModel, notedPreprocess, noteTask } from '../../modalities/index.js';
import type { Dim, Model, Value } from '../../onnx/index.js';
import { prepareArchitecture, techniques } from '../../strategies/index.js';
import { checkOptions } from '../../technique/index.js';
import { evaluate, inputShapes, type Task } from '../../training/index.js';
import type { AddCommand } from '../command.js';
import type { CommandContext } from '../context.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../options.js';
import { qualityText } from '../quality.js';
import { addShippingOptions, leadingLines, proofLines, type ShippingOptions, ship, shippedFacts } from '../shipping/index.js';
import { number, positiveNumber } from '../units.js';
import { addTrainingOptions, epochLines, type TrainingFlags, trainingFlags } from './train.js';

interface Options extends CommonOptions, DataOptions, ShippingOptions, TrainingFlags {
  teacher: string;
  student?: string;
  arch?: string;
  width: number;
  temperature?: number;
  weight?: number;
  out: string;
}

const ADVICE = 'Train longer or more gently (--epochs, --lr).';

/** Trains a student to answer as a teacher does. */
export const distillCommand: AddCommand = (program, run) => {
  const command = addDataOptions(program.command('distill'))
    .requiredOption('--teacher <file>', 'the model that knows')
    .option('--student <file>', 'the model that learns')
    .addOption(new Option('--arch <name>', 'or a fresh architecture that learns').choices(architectures.map((each) => each.name)))
    .option('--width <factor>', 'channels of the architecture', positiveNumber, 1)
    .option('--temperature <number>', 'softens the scores (default: 4)', positiveNumber)
    .option('--weight <share>', "share of the teacher's scores in the loss (default: 0.7)", number)
    .requiredOption('-o, --out <file>', 'where the trained student goes');
  addShippingOptions(addTrainingOptions(command))
    .addHelpText('after', '\nExample:\n  $ espalier distill --teacher big.onnx --student small.onnx --data photos/ -o better.onnx')
    .action(
      run(async (context, options: Options) => {
        const { output, runtime, activity, seed } = context;
        if ((options.arch === undefined) === (options.student === undefined))
          throw new OptionError({ what: 'Give either --student or --arch' });
        context.willWrite(options.out);
        const teacher = await context.model(options.teacher);
        const source = await context.source(options, teacher);
        const task = await context.task(teacher, options, { source });
        const { model: fresh, preprocess } = await studentFor(task, source, options, context);
        const studentTask = await taskOfStudent(fresh, task, { source, options, context, preprocess });
        noteTask(fresh, studentTask);
        const common = { ...activity, task: studentTask, runtime, seed, threads: options.threads };
        const model = options.arch ? await prepareArchitecture(options.arch, { ...common, model: fresh }, techniques) : fresh;
        const { temperature, weight } = options;
        const given = Object.fromEntries(Object.entries({ temperature, weight }).filter(([, value]) => value !== undefined));
        const { checkpoints, clear } = await context.checkpointsBeside(options.out);
        const result = await distill.apply(
          { ...common, model, original: teacher, originalTask: task, checkpoints },
          checkOptions(distill, { ...(options.arch ? architecture(options.arch).training : {}), ...trainingFlags(options), ...given }),
        );
        const { out } = options;
        const before = await evaluate(teacher, task, runtime, { ...activity, split: 'test', threads: options.threads });
        const original = options.student === undefined ? undefined : { model: fresh, path: options.student, task: studentTask };
        const rival = { model: teacher, path: options.teacher, task };
        const shipped = await ship({
          context,
          model: result.model,
          out,
          task: studentTask,
          original,
          rival,
          options,
          advice: ADVICE,
          clear,
        });
        const { after } = shipped.quality;
        if (after) await context.warnOf(after, studentTask);
        const { training, facts } = result.notes;
        output.result(
          { model: out, training, facts, teacher: before, test: after, ...shippedFacts(shipped) },
          [
            ...leadingLines(shipped),
            ...epochLines(result.notes.training ?? [], task.metric),
            ...(result.notes.remarks ?? []),
            `teacher ${qualityText(before)}, student ${after ? qualityText(after) : 'not measured'} (test ${task.metric.label})`,
            ...proofLines({ time: shipped.time }),
            `Wrote ${out}`,
          ].join('\n'),
        );
      }),
    );
};

/** The student's file, or a fresh one of an architecture, of images as the teacher takes them where it has channels first. */
async function studentFor(
  task: Task,
  source: DataSource,
  { arch, width, student }: Options,
  context: CommandContext,
): Promise<ReturnType<typeof freshModel>> {
  if (arch === undefined) return { model: await context.model(student as string) };
  if (task.reference)
    throw new OptionError({
      what: 'A fresh architecture learns labels, and there are none',
      where: '--arch',
      fix: 'Give data with labels, or a student of your own with --student.',
    });
  const [, ...taken] = Object.values(await inputShapes(task, 1))[0];
  const input = taken.length === 3 && taken[0] <= 3 ? taken : undefined;
  return freshModel(source, { family: arch, width, input, seed: context.seed });
}

/**
 * What the student is for: with inputs as its file says, else as the teacher's where it takes those, else in the way that suits it. Both see the
 * same samples of the same parts.
 */
async function taskOfStudent(
  student: Model,
  task: Task,
  {
    source,
    options,
    context,
    preprocess,
  }: { source: DataSource; options: Options; context: CommandContext; preprocess?: string | Preprocess },
): Promise<Task> {
  const takes = preprocess === undefined && (await takesTheSame(student, task));
  if (!task.reference && (notedPreprocess(student, source.train.inputs) || !takes))
    return context.task(student, { ...options, scores: undefined }, { source, untrained: options.arch !== undefined, preprocess });
  if (!takes) throw takesAnother(student, task);
  const { feeds } = student.graph;
  const { name, splits } = task;
  return { name, splits, feeds: task.feeds.map((feed, i) => ({ ...feed, input: feeds[i].name })), ...task.forModel(student) };
}

/** Without labels a student is measured by the teacher's answers to its own inputs. */
function takesAnother({ source, graph: { feeds } }: Model, task: Task): DataError {
  return new DataError({
    what: 'The student does not take what the teacher takes, which it must where there are no labels',
    where: source,
    expected: task.feeds.map(({ input, preprocess: { shape } }) => `"${input}" [batch, ${shape ?? '...'}]`).join('; '),
    got: feeds.map((input) => `"${input.name}" [${input.shape ?? '?'}]`).join('; '),
  });
}

async function takesTheSame({ graph: { feeds } }: Model, task: Task): Promise<boolean> {
  const shapes = Object.values(await inputShapes(task, 1));
  const takes = (input: Value, [, ...sample]: number[]) =>
    !input.shape || (input.shape.length === sample.length + 1 && sample.every((size, i) => fits(input.shape?.[i + 1], size)));
  return feeds.length === shapes.length && feeds.every((input, i) => takes(input, shapes[i]));
}

function fits(dim: Dim | undefined, size: number): boolean {
  return typeof dim !== 'number' || dim === size;
}
