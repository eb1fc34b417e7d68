import { Option } from 'commander';
import { architecture, architectures } from '../../architectures/index.js';
import { DataError, OptionError } from '../../base/index.js';
import { distill } from '../../learning/distillation/index.js';
import { type Dim, isFloat, type Model } from '../../onnx/index.js';
import { saveModel } from '../../onnx/node/index.js';
import { checkOptions } from '../../technique/index.js';
import { evaluate, inputShapes, type Task } from '../../training/index.js';
import { addDataOptions, type CommandContext, type CommonOptions, type DataOptions } from '../context.js';
import type { AddCommand } from '../main.js';
import { notePreprocess } from '../preprocess.js';
import { number, positiveNumber } from '../units.js';
import { qualityText } from './results.js';
import { addTrainingOptions, epochLines, type TrainingFlags, trainingFlags } from './train.js';

interface Options extends CommonOptions, DataOptions, TrainingFlags {
  teacher: string;
  student?: string;
  arch?: string;
  width: number;
  temperature?: number;
  weight?: number;
  out: string;
}

/** Trains a student to answer as a teacher does. */
export const distillCommand: AddCommand = (program, run) => {
  const command = addDataOptions(program.command('distill'))
    .description('train a small model to answer as a large one does, both in one graph')
    .requiredOption('--teacher <file>', 'the model that knows')
    .option('--student <file>', 'the model that learns')
    .addOption(new Option('--arch <name>', 'or a fresh architecture that learns').choices(architectures.map((each) => each.name)))
    .option('--width <factor>', 'channels of the architecture', positiveNumber, 1)
    .option('--temperature <number>', 'softens the scores (default: 4)', positiveNumber)
    .option('--weight <share>', "share of the teacher's scores in the loss (default: 0.7)", number)
    .requiredOption('-o, --out <file>', 'where the trained student goes');
  addTrainingOptions(command)
    .addHelpText('after', '\nExample:\n  $ espalier distill --teacher big.onnx --student small.onnx --data photos/ -o better.onnx')
    .action(
      run(async (context, options: Options) => {
        const { output, runtime, activity, seed } = context;
        if ((options.arch === undefined) === (options.student === undefined))
          throw new OptionError({ what: 'Give either --student or --arch' });
        context.willWrite(options.out);
        const teacher = await context.model(options.teacher);
        const task = await context.task(teacher, options);
        const model = await studentFor(task, options, context);
        notePreprocess(model, task);
        const studentTask = await taskOfStudent(model, task);
        const { temperature, weight } = options;
        const given = Object.fromEntries(Object.entries({ temperature, weight }).filter(([, value]) => value !== undefined));
        const { checkpoints, clear } = context.checkpointsBeside(options.out);
        const result = await distill.apply(
          {
            ...activity,
            model,
            original: teacher,
            task: studentTask,
            runtime,
            seed,
            threads: options.threads,
            checkpoints,
          },
          checkOptions(distill, { ...trainingFlags(options), ...given }),
        );
        await saveModel(result.model, options.out);
        await clear();
        const [before, after] = [
          await evaluate(teacher, task, runtime, { ...activity, split: 'test', threads: options.threads }),
          await evaluate(result.model, studentTask, runtime, { ...activity, split: 'test', threads: options.threads }),
        ];
        output.result(
          { model: options.out, training: result.notes.training, teacher: before, test: after },
          [
            ...epochLines(result.notes.training ?? []),
            `teacher ${qualityText(before)}, student ${qualityText(after)} (test ${after.metric})`,
            `Wrote ${options.out}`,
          ].join('\n'),
        );
      }),
    );
};

/** The student's file, or a fresh one of an architecture that takes what the teacher takes. */
async function studentFor(task: Task, { arch, width, student }: Options, context: CommandContext): Promise<Model> {
  if (arch === undefined) return context.model(student as string);
  const [, ...input] = Object.values(await inputShapes(task, 1))[0];
  if (input.length !== 3 || task.kind !== 'classification')
    throw new OptionError({
      what: 'The architectures are classifiers of images',
      expected: 'labelled images, [channels, height, width] for the teacher',
      got: `${task.kind} of [${input}]`,
      fix: 'Give a student of your own with --student.',
    });
  return architecture(arch).build({ input: input as [number, number, number], classes: task.classes.length, width, seed: context.seed });
}

/** The teacher's task with the student's names. @throws DataError where the student cannot take what the teacher takes. */
async function taskOfStudent(student: Model, task: Task): Promise<Task> {
  const { feeds, outputs } = student.graph;
  const shapes = Object.values(await inputShapes(task, 1));
  const takes = (input: (typeof feeds)[number], [, ...sample]: number[]) =>
    !input.shape || (input.shape.length === sample.length + 1 && sample.every((size, i) => fits(input.shape?.[i + 1], size)));
  if (feeds.length !== shapes.length || !feeds.every((input, i) => takes(input, shapes[i])))
    throw new DataError({
      what: 'The student does not take what the teacher takes: both see the same batch, in one graph',
      where: student.source,
      expected: shapes.map(([, ...sample]) => `[batch, ${sample}]`).join('; '),
      got: feeds.map((input) => `"${input.name}" [${input.shape ?? '?'}]`).join('; '),
    });
  const named = { ...task, feeds: task.feeds.map((feed, i) => ({ ...feed, input: feeds[i].name })) };
  if (named.kind !== 'classification') return named;
  const scores = outputs.find(({ dtype, shape }) => isFloat(dtype) && shape?.at(-1) === named.classes.length) ?? outputs[0];
  return { ...named, output: scores.name };
}

function fits(dim: Dim | undefined, size: number): boolean {
  return typeof dim !== 'number' || dim === size;
}
