import assert from 'node:assert/strict';

export interface Parsed {
  elements: string[];
  attributes: { element: string; name: string; value: string }[];
  /** Text nodes, entities decoded, raw text of scripts and styles left out. */
  texts: string[];
  /** What script elements hold. */
  scripts: string[];
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** A strict reader of the markup that reports write: every element is closed in order, every attribute quoted, every "<" and "&" an own one. */
export function parseMarkup(markup: string): Parsed {
  const found: Parsed = { elements: [], attributes: [], texts: [], scripts: [] };
  const open: string[] = [];
  let rest = markup.replace(/^<!doctype html>\n/, '');
  while (rest) {
    const tag = /^<(\/?)([a-zA-Z][\w-]*)((?:\s+[a-zA-Z][\w:-]*="[^"<]*")*)\s*(\/?)>/.exec(rest);
    if (!tag) {
      const text = /^[^<]+/.exec(rest);
      assert.ok(text, `a stray "<": ${rest.slice(0, 80)}`);
      found.texts.push(decoded(text[0]));
      rest = rest.slice(text[0].length);
      continue;
    }
    const [whole, closing, name, attributes, empty] = tag;
    rest = rest.slice(whole.length);
    if (closing) {
      assert.equal(name, open.pop(), 'elements are closed in order');
      continue;
    }
    found.elements.push(name);
    for (const [, key, value] of attributes.matchAll(/([\w:-]+)="([^"]*)"/g))
      found.attributes.push({ element: name, name: key, value: decoded(value) });
    if (name === 'script' || name === 'style') {
      const end = rest.indexOf(`</${name}>`);
      assert.ok(end >= 0, `${name} is closed`);
      if (name === 'script') found.scripts.push(rest.slice(0, end));
      rest = rest.slice(end + name.length + 3);
    } else if (!empty) open.push(name);
  }
  assert.deepEqual(open, [], 'everything is closed');
  return found;
}

function decoded(text: string): string {
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\ufffe\uffff]/u, 'characters that XML has not');
  return text.replace(/&([^;]*;?)/g, (whole, name: string) => {
    const character = entities[name.replace(/;$/, '')];
    assert.ok(character && name.endsWith(';'), `a stray "&": ${whole}`);
    return character;
  });
}
