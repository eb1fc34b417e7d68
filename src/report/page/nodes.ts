const SVG = 'http://www.w3.org/2000/svg';

type Values = Readonly<Record<string, string | number>>;

/** An SVG element at the end of another. Texts are only ever set as text. */
export function shape(parent: Element, name: string, attributes: Values, text?: string | number): SVGElement {
  const made = document.createElementNS(SVG, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = String(text);
  parent.append(made);
  return made;
}

/** An element of HTML at the end of another. */
export function tag<K extends keyof HTMLElementTagNameMap>(
  parent: Element,
  name: K,
  text?: string,
  kind?: string,
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  parent.append(made);
  return made;
}

/** An element that every report has. @throws Error where this one has not. */
export function find<T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T {
  const found = within.querySelector<T>(selector);
  if (!found) throw new Error(`The report has no ${selector}`);
  return found;
}
