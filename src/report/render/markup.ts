import { plain } from './plain.js';

/** Markup that may be written as it is. Only `element`, `text` and constants of this folder make it, so that names from files cannot become tags. */
export type Markup = { readonly markup: string };

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(value: string): string {
  return plain(value).replace(/[&<>"']/g, (character) => entities[character]);
}

/** Text as content. */
export function text(value: string | number): Markup {
  return { markup: escaped(String(value)) };
}

export type Child = Markup | string | number | undefined | readonly Child[];

function written(child: Child): string {
  if (child === undefined) return '';
  if (typeof child === 'string' || typeof child === 'number') return escaped(String(child));
  return 'markup' in child ? child.markup : child.map(written).join('');
}

const empty = new Set(['meta', 'br', 'input', 'col', 'link']);

/**
 * One element. Children that are strings are text. Attributes that are undefined or false are left out, true ones have their name as value;
 * numbers are written with at most two decimals.
 */
export function element(name: string, attributes: Attributes = {}, ...children: Child[]): Markup {
  const list = Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined || value === false) return [];
    return ` ${key}="${typeof value === 'number' ? Number(value.toFixed(2)) : escaped(value === true ? key : value)}"`;
  });
  const open = `<${name}${list.join('')}`;
  if (empty.has(name)) return { markup: `${open} />` };
  return { markup: `${open}>${written(children)}</${name}>` };
}

export function fragment(...children: Child[]): Markup {
  return { markup: written(children) };
}
