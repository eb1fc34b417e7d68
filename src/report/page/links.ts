/**
 * Links to files beside the report. Where it is served in a sandbox, as the studio does with reports that may be anybody's, no link leads to them: their names then stand in
 * the links' place.
 */
export function explainLinks(): void {
  const isSandboxed = self.origin === 'null' && location.protocol !== 'file:';
  if (!isSandboxed) return;
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href^="./"]')) {
    const place = document.createElement('span');
    place.className = 'quiet';
    place.textContent = `${link.textContent}: ${decodeURIComponent((link.getAttribute('href') ?? '').slice(2))}`;
    place.title = "In the run's folder; the studio's page of this run has links to it.";
    link.replaceWith(place);
  }
}
