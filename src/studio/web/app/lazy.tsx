import type { ComponentType } from 'preact';
import { Failure, Loading } from '../parts/states.js';
import { useLoaded } from './hooks.js';

/** A view whose code is loaded when it is seen. Give each a `key` of its own. */
export function Lazy<P extends object>({ load, props }: { load: () => Promise<ComponentType<P>>; props: P }) {
  // A component is a function: within an object nobody calls it.
  const { value, failure, retry } = useLoaded(async () => ({ View: await load() }), '');
  if (failure) return <Failure failure={failure} onRetry={retry} />;
  return value ? <value.View {...props} /> : <Loading what="the page" />;
}
