// Trains the survey's network one model after the other, each once: what a killed study finished, the next one finds again.
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { createNodeRuntime, createTask, distill, loadModel, openDataset, quantizeStatic, saveModel, trainTechnique } from 'espalier';
import { surveyCnn } from 'espalier/architectures';
import { writeFileAtomic } from 'espalier/base/node';
import { predictedClasses } from 'espalier/metrics';
import { checkpointFolder } from 'espalier/strategies/node';
import { checkOptions } from 'espalier/technique';
import { collectAnswers } from 'espalier/training';
import { thisMachine } from '../support/machine.mjs';

/** Milliseconds between two lines of progress. */
const QUIET = 30_000;

export class Study {
  #source;
  #runtime;
  #work;
  #results;
  #threads;
  #signal;
  #saved = Promise.resolve();

  /**
   * @param settings.data   CIFAR-10: train.tar and test.tar, or one folder of images per class in each of train/ and test/.
   * @param settings.work   where models and checkpoints are kept; may be thrown away when the study is done.
   * @param settings.results the JSON file of what was measured, one record per model: what stands there is not trained again.
   * @param settings.threads of each training that does not say itself.
   * @param settings.options of all trainings: optimizer, schedule, batch size. A record of another study is not gone on with.
   */
  static async open({ data, work, results, threads = availableParallelism(), options, signal }) {
    const study = new Study();
    mkdirSync(work, { recursive: true });
    mkdirSync(dirname(results), { recursive: true });
    study.#work = work;
    study.#threads = threads;
    study.#signal = signal;
    study.#results = { path: results, ...readResults(results, options) };
    study.#runtime = createNodeRuntime({ threads });
    study.#source = await openDataset(data);
    return study;
  }

  get records() {
    return this.#results.records;
  }

  async close() {
    await this.#source.close();
    await this.#runtime.dispose();
  }

  /** The record of a model that is finished: as the results have it. */
  find(id) {
    return this.records.find((record) => record.id === id);
  }

  /**
   * Trains, writes, quantizes and measures one model, or finds its record. The test part is read once for each of the two files.
   * @param request.teacher id of a model of this study to learn from as well.
   * @param request.options of the training, besides those of the study.
   */
  async model(request) {
    const { id, width, seed, teacher, options = {}, threads = this.#threads } = request;
    const known = this.find(id);
    if (known) return known;
    const { record, trained, task, seconds } = await this.#train({ ...request, options, threads });
    const { model: int8 } = await quantizeStatic(trained, task, this.#runtime, { threads });
    const int8Bytes = await saveModel(int8, this.#file(`${id}.int8`));
    const outcome = {
      id,
      width,
      seed,
      threads,
      ...(teacher && { teacher }),
      ...options,
      float: await this.#test(this.#file(id), task),
      int8: { ...(await this.#test(this.#file(`${id}.int8`), task)), bytes: int8Bytes },
      validation: record.validation,
      seconds,
    };
    this.records.push(outcome);
    await this.#save();
    return outcome;
  }

  /** The file of a model; trained again where it is gone though its record is there (a teacher's on another machine). */
  async file({ id, ...request }) {
    if (!existsSync(this.#file(id))) await this.#train({ id, threads: this.#threads, ...request });
    return this.#file(id);
  }

  async #train({ id, width, seed, teacher, options = {}, threads }) {
    const model = surveyCnn.build({ input: [3, 32, 32], classes: 10, width, seed });
    const { task } = await createTask(model, this.#source, this.#runtime, { untrained: true });
    const technique = teacher ? distill : trainTechnique;
    const checkpoints = checkpointFolder(join(this.#work, `${id}.work`));
    const started = performance.now();
    let said = started;
    const { model: trained, notes } = await technique.apply(
      {
        model,
        original: teacher && loadModel(this.#file(teacher)),
        task,
        runtime: this.#runtime,
        seed,
        threads,
        checkpoints,
        signal: this.#signal,
        onProgress: ({ task: name, done, total, facts }) => {
          if (name !== 'train' || performance.now() - said < QUIET) return;
          said = performance.now();
          const left = ((said - started) / done) * (total - done);
          console.error(`${id}: step ${done} of ${total}, loss ${facts?.loss?.toFixed(4)}, about ${Math.ceil(left / 60_000)} min left`);
        },
      },
      checkOptions(technique, { ...this.#results.options, ...options }),
    );
    await saveModel(trained, this.#file(id));
    const validation = notes.training?.map(({ quality }) => quality).filter((quality) => quality !== undefined) ?? [];
    return { record: { validation }, trained, task, seconds: Math.round((performance.now() - started) / 1000) };
  }

  async #test(path, task) {
    const correct = await rightAnswers(loadModel(path), task, this.#runtime, this.#threads);
    const hits = correct.reduce((sum, right) => sum + right, 0);
    return {
      test: hits / correct.length,
      interval: wilsonInterval(hits, correct.length),
      bytes: statSync(path).size,
      // One bit an image, so that models can be compared image by image.
      correct: packed(correct),
    };
  }

  #file(id) {
    return join(this.#work, `${id}.onnx`);
  }

  /** One after the other, each with all records there are by then. */
  async #save() {
    const { path, options, machine, records } = this.#results;
    this.#saved = this.#saved.then(() => writeFileAtomic(path, `${JSON.stringify({ machine, options, records }, null, 1)}\n`));
    await this.#saved;
  }
}

/** Which test images a model has right, 0 or 1 each, in the order of the data set. */
export async function rightAnswers(model, task, runtime, threads) {
  const program = await runtime.compile(model, { threads });
  const { predictions, targets } = await collectAnswers(program, task, { dataset: task.splits.test, batchSize: 100, runtime, options: {} });
  await program.dispose();
  return Uint8Array.from(predictedClasses(predictions), (guess, i) => Number(guess === targets[i]));
}

/** Zeros and ones as bits, the first one the lowest, in base64. */
export function packed(bits) {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    bytes[i >> 3] |= bit << (i & 7);
  });
  return Buffer.from(bytes).toString('base64');
}

export function unpacked(text) {
  const bytes = Buffer.from(text, 'base64');
  return Uint8Array.from({ length: 8 * bytes.length }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

function readResults(path, options) {
  if (!existsSync(path)) return { machine: thisMachine(), options, records: [] };
  const found = JSON.parse(readFileSync(path, 'utf8'));
  if (JSON.stringify(found.options) === JSON.stringify(options)) return found;
  throw new Error(
    `${path} is of a study with other options: ${JSON.stringify(found.options)}. Name another file with --results, or remove it.`,
  );
}
