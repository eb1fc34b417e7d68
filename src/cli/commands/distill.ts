import { rm } from 'node:fs/promises';
import { Option } from 'commander';
import { architecture, architectures } from '../../architectures/index.js';
import { OptionError } from '../../base/index.js';
import { distill } from '../../learning/distillation/index.js';
import { saveModel } from '../../onnx/node/index.js';
import { checkpointFolder } from '../../strategies/node/index.js';
import { checkOptions } from '../../technique/index.js';
import { evaluate } from '../../training/index.js';
import { addDataOptions, type CommonOptions, type DataOptions } from '../context.js';
import type { AddCommand } from '../main.js';
import { number, positiveNumber } from '../units.js';
import { addTrainingOptions, classCount, epochLines, imageShape, type TrainingFlags, trainingFlags } from './train.js';

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
        const source = options.arch === undefined ? undefined : await context.source(options);
        const model =
          options.arch !== undefined && source
            ? architecture(options.arch).build({ input: imageShape(source), classes: classCount(source), width: options.width, seed })
            : await context.model(options.student as string);
        const studentTask =
          task.kind === 'classification'
            ? {
                ...task,
                output: model.graph.outputs[0].name,
                feeds: task.feeds.map((feed) => ({ ...feed, input: model.graph.feeds[0].name })),
              }
            : task;
        const { temperature, weight } = options;
        const given = Object.fromEntries(Object.entries({ temperature, weight }).filter(([, value]) => value !== undefined));
        const checkpoints = `${options.out}.work`;
        context.kept = checkpoints;
        const result = await distill.apply(
          {
            ...activity,
            model,
            original: teacher,
            task: studentTask,
            runtime,
            seed,
            threads: options.threads,
            checkpoints: checkpointFolder(checkpoints),
          },
          checkOptions(distill, { ...trainingFlags(options), ...given }),
        );
        await saveModel(result.model, options.out);
        await rm(checkpoints, { recursive: true, force: true });
        const [before, after] = [
          await evaluate(teacher, task, runtime, { ...activity, split: 'test' }),
          await evaluate(result.model, studentTask, runtime, { ...activity, split: 'test' }),
        ];
        output.result(
          { model: options.out, training: result.notes.training, teacher: before, test: after },
          [
            ...epochLines(result.notes.training ?? []),
            `teacher ${(100 * before.value).toFixed(2)}%, student ${(100 * after.value).toFixed(2)}% (test ${after.metric})`,
            `Wrote ${options.out}`,
          ].join('\n'),
        );
      }),
    );
};
