import { namesText, OptionError } from '../../base/index.js';
import { type Model, nodesOf } from '../../onnx/index.js';

/** @throws OptionError for a name to leave out that no node has. */
export function checkExcluded(model: Model, names: readonly string[]): void {
  const known = new Set(nodesOf(model.graph).map((node) => node.name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new OptionError({
    what: `There is no node called "${unknown}"`,
    where: 'option "exclude"',
    expected: `names such as ${namesText([...known].slice(0, 5))}`,
    fix: 'Layers that were folded into others have the name of the layer they were folded into',
  });
}
