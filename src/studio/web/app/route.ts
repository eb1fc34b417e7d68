import { useLayoutEffect, useState } from 'preact/hooks';
import { encoded } from '../api/encode.js';

/** Where the page is: "#/run/digits%2Fbetter/trials?state=failed" has the parts "run", "digits/better" and "trials". */
export interface Route {
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').filter((part) => part !== '');
  return { parts: parts.map(decoded), query: new URLSearchParams(query) };
}

export function link(parts: readonly string[], query: Readonly<Record<string, string | undefined>> | URLSearchParams = {}): string {
  const pairs = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const set = new URLSearchParams(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined)).toString();
  return `#/${parts.map(encoded).join('/')}${set && `?${set}`}`;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useLayoutEffect(() => {
    const read = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', read);
    // It may have changed before anybody listened.
    read();
    return () => removeEventListener('hashchange', read);
  }, []);
  return route;
}

/** Changes parts of the query in place: going back leads to where one was before, not to each choice on the way. */
export function changeQuery(change: Readonly<Record<string, string | undefined>>): void {
  const { parts, query } = parseRoute(location.hash);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) query.delete(name);
    else query.set(name, value);
  }
  location.replace(link(parts, query));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
