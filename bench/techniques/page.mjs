// The table of docs/models.md, and who failed where.
import { putPart } from '../../examples/support/page.mjs';

const MOST = 200;

export function writePage(known, ways, page) {
  const names = ways.map(({ way }) => way);
  const rows = Object.keys(known)
    .sort()
    .flatMap((model) =>
      names.filter((way) => known[model].runs[way]).map((way) => `| ${model} | ${way} | ${cells(known[model].runs[way]).join(' | ')} |`),
    );
  const runs = Object.values(known).flatMap((model) => Object.values(model.runs));
  const count = (outcome) => runs.filter((run) => run.outcome === outcome).length;
  const web = (status) => runs.filter((run) => run.web === status).length;
  const summary = `${Object.keys(known).length} models, ${runs.length} runs: ${count('done') + count('written')} done or written, ${count('refused')} refused because a bound was broken, ${count('not for it')} not for the model, ${count('failed')} failed. Of ${count('written')} files written, ${web('agrees')} agree in onnxruntime-web with onnxruntime-node to a thousandth, ${web('differs')} differ by more, ${web('fails')} do not run there.`;
  const table = ['| model | technique | file | worst output | time, 95% interval | |', '| --- | --- | --- | --- | --- | --- |', ...rows];
  putPart(page, 'models', `${summary}\n\n${table.join('\n')}`);
}

function cells({ outcome, why, size, worst, time, parameters, macs, layers }) {
  if (outcome === 'done') return ['', '', '', `${layers} layers, ${parameters} parameters, ${macs} MACs`];
  if (outcome !== 'written') return ['–', '', '', `${outcome}: ${short(why)}`];
  const ratio = time ? `${time[0].toFixed(2)}× (${time[1].toFixed(2)} to ${time[2].toFixed(2)})` : '';
  return [`${size.toFixed(2)}×`, worst ?? '', ratio, ''];
}

/** A reason without the paths in it, as a cell of a table. */
function short(text) {
  const plain = text
    .replaceAll(/\S*\/(?=[^/\s]+\.onnx)/g, '')
    .replace(/^made\.onnx: /, '')
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ');
  return plain.length > MOST ? `${plain.slice(0, MOST)}…` : plain;
}
