/** What is used here of a page that says how much memory it takes. */
interface Told {
  measureUserAgentSpecificMemory?(): Promise<{ readonly bytes: number }>;
}

/** Milliseconds that are waited for it: browsers tell it at their leisure. */
const PATIENCE = 3000;

/** Bytes that the page takes with its workers; undefined where the browser does not say, or not soon. */
export async function memoryOfPage(): Promise<number | undefined> {
  const page = performance as Performance & Told;
  if (!crossOriginIsolated || !page.measureUserAgentSpecificMemory) return undefined;
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE));
  const told = page.measureUserAgentSpecificMemory().then(
    ({ bytes }) => bytes,
    () => undefined,
  );
  return Promise.race([told, late]);
}
