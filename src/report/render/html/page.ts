import { element, fragment, type Markup } from '../markup.js';
import { styles } from './styles.js';

/** Nothing may be fetched by the page, and no script be run but its own, whatever is in it. */
function policy(script: PageScript | undefined): string {
  const scripts = script === undefined ? "'none'" : `'${script.hash}'`;
  return `default-src 'none'; style-src 'unsafe-inline'; script-src ${scripts}; img-src data:; base-uri 'none'; form-action 'none'`;
}

/** A script of this package, bundled. */
export interface PageScript {
  readonly text: string;
  /** Of its bytes, as a policy names it, e.g. "sha256-…". */
  readonly hash: string;
}

export interface Page {
  title: string;
  content: Markup;
  /** Read by the script as JSON. */
  data?: unknown;
  /** It works on `data` and the content, and never makes tags of texts. */
  script?: PageScript;
}

/** One file that needs nothing else. */
export function page({ title, content, data, script }: Page): string {
  const head = element(
    'head',
    {},
    element('meta', { charset: 'utf-8' }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('meta', { 'http-equiv': 'Content-Security-Policy', content: policy(script) }),
    element('meta', { name: 'color-scheme', content: 'light dark' }),
    element('title', {}, title),
    element('style', {}, { markup: styles }),
  );
  const scripts = fragment(
    data === undefined ? undefined : element('script', { type: 'application/json', id: 'data' }, { markup: scriptJson(data) }),
    script === undefined ? undefined : element('script', {}, { markup: script.text }),
  );
  const html = element('html', { lang: 'en' }, head, element('body', {}, element('main', {}, content), scripts));
  return `<!doctype html>\n${html.markup}\n`;
}

/** JSON that cannot end the script element that holds it, nor begin a comment. */
function scriptJson(data: unknown): string {
  return JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function warningList(warnings: readonly string[]): Markup | undefined {
  if (warnings.length === 0) return undefined;
  const items = warnings.map((warning) => element('li', {}, warning));
  return element('ul', { class: 'warnings', 'aria-label': 'Warnings' }, items);
}

export function panel(title: string, ...content: (Markup | undefined | readonly Markup[])[]): Markup {
  return element('section', { class: 'panel' }, element('h3', {}, title), ...content);
}

/** Terms and what they are. */
export function facts(entries: readonly (readonly [string, string | number | undefined])[]): Markup {
  const known = entries.filter(([, value]) => value !== undefined);
  return element(
    'dl',
    { class: 'facts' },
    known.map(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
  );
}
