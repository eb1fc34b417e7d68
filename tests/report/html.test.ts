import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Script } from 'node:vm';
import { reportHtml } from 'espalier/report/render';
import { bareRun, digitsRun, emptyFrontRun, fidelityRun, hostileRun, singleRun } from '../fixtures/report/samples.js';
import { parseMarkup } from './markup.js';

const runs = { digitsRun, fidelityRun, emptyFrontRun, singleRun, bareRun, hostileRun };

for (const [name, run] of Object.entries(runs)) {
  test(`the page of ${name} is well formed, whole and fetches nothing`, () => {
    const html = reportHtml(run());
    const { attributes, scripts } = parseMarkup(html);
    for (const { element, name: key, value } of attributes) {
      assert.doesNotMatch(key, /^on|^src$|^srcset$|^formaction$/, `${element} ${key}`);
      if (key === 'href') assert.match(value, /^(#model-\d+|\.\/)/);
      if (key === 'style') assert.match(value, /^(width:[\d.]+(%|px)|background:color-mix\(in srgb,var\(--\w+\) \d+%,transparent\))$/);
    }
    assert.equal(attributes.filter(({ element }) => element === 'link' || element === 'iframe').length, 0);
    assert.doesNotMatch(html.replaceAll('http://www.w3.org/2000/svg', ''), /https?:|@import|url\(/);
    const [json, code] = scripts;
    assert.equal(scripts.length, 2);
    assert.equal(JSON.parse(json).models.length, run().models.length + 1);
    new Script(code);
    const policy = attributes.find(({ element, value }) => element === 'meta' && value.startsWith("default-src 'none'"))?.value;
    const hash = createHash('sha256').update(code).digest('base64');
    assert.deepEqual(policy?.match(/script-src [^;]*/g), [`script-src 'sha256-${hash}'`]);
  });
}

test('the same run gives the same bytes', () => {
  assert.equal(reportHtml(digitsRun()), reportHtml(digitsRun()));
});

test('names from files stay names', () => {
  const { elements, texts } = parseMarkup(reportHtml(hostileRun()));
  assert.equal(elements.includes('img'), false);
  assert.ok(texts.some((text) => text.includes('</script><script>globalThis.pwned=1</script>')));
});

test('every card is in the page, with recipe, quality, footprint, layers, sensitivity, training, confusion and runtimes', () => {
  const { texts, attributes } = parseMarkup(reportHtml(digitsRun()));
  assert.equal(attributes.filter(({ element, name }) => element === 'article' && name === 'id').length, 13);
  for (const title of [
    'Quality',
    'Footprint',
    'Multiply-accumulates by layer',
    'Bytes of weights by layer',
    'Sensitivity by layer',
    'Training',
    'Confusion',
    'Runtimes',
    'Notes',
  ])
    assert.ok(texts.includes(title), title);
  const copied = attributes.filter(({ name }) => name === 'data-copy').map(({ value }) => value);
  assert.deepEqual(JSON.parse(copied[2]), { recipe: digitsRun().models[0].recipe, seed: 0 });
});

test('links lead to files beside the report only', () => {
  const links = (file: string) => {
    const run = singleRun();
    const html = reportHtml({ ...run, models: [{ ...run.models[0], file, card: undefined }] });
    return parseMarkup(html)
      .attributes.filter(({ name, value }) => name === 'href' && value.startsWith('.'))
      .map(({ value }) => value)
      .slice(2);
  };
  assert.deepEqual(links('models/a b#.onnx'), ['./models/a%20b%23.onnx']);
  for (const file of ['/etc/passwd', '../x.onnx', 'javascript:alert(1)', '//host/x', 'C:\\x.onnx']) assert.deepEqual(links(file), [], file);
});
