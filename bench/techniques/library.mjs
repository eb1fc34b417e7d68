// What has no command of its own: node library.mjs simplify MODEL OUT, node library.mjs web MODEL MADE. Prints a JSON document, as the command line does.
import { readFileSync } from 'node:fs';
import { inventedFeeds, noiseFaults, prove, runnableInputs } from 'espalier/diagnosis';
import { simplify } from 'espalier/infrastructure/compiler';
import { compareLatency } from 'espalier/infrastructure/hardware/node';
import { checkOnWeb, createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { inferShapes } from 'espalier/ops';

const [, , what, ...paths] = process.argv;
try {
  process.stdout.write(JSON.stringify(await { simplify: simplified, web: onWeb }[what](...paths)));
} catch (error) {
  const { name, message, what } = error;
  process.stdout.write(
    JSON.stringify({ error: { name: what === undefined ? 'Defect' : name, message: what === undefined ? error.stack : message } }),
  );
  process.exitCode = 1;
}

/** All passes: made, written, and proved as commands do it. */
async function simplified(path, out) {
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const before = loadModel(path);
    inferShapes(before);
    const after = await simplify(before, runtime);
    let [proof, time] = [];
    await saveModel(after, out, {
      check: async (draft) => {
        proof = await prove({ before, after, source: { path: draft }, runtime });
        const [fault] = noiseFaults(proof, before);
        if (fault) throw new Error(fault);
        const feeds = proof.runs > 0 ? inventedFeeds(before, proof.invented) : undefined;
        const settings = { threads: 1, warmup: 2, runs: 1, minSeconds: 1, maxSeconds: 2.5, feeds };
        time = feeds && (await compareLatency(runtime, [{ path }, { path: draft }], settings).catch(() => undefined));
      },
    });
    const outputs = proof.outputs.map(({ sqnr, ...rest }) => ({ ...rest, ...(sqnr === Infinity ? { identical: true } : { sqnr }) }));
    const timed = time && { before: time[0].p50, ratio: time[1].ratio, interval: [time[1].interval.low, time[1].interval.high] };
    return { proof: { ...proof, outputs }, time: timed };
  } finally {
    await runtime.dispose();
  }
}

/** Whether what was made runs in onnxruntime-web as in onnxruntime-node, on inputs that the original takes. */
async function onWeb(path, made) {
  const model = loadModel(path);
  const runtime = createNodeRuntime({ threads: 1 });
  const invented = await runnableInputs(model, runtime).finally(() => runtime.dispose());
  return checkOnWeb(readFileSync(made), inventedFeeds(model, invented));
}
