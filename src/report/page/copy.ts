/** Milliseconds for which a button says what came of it. */
const SAID = 1500;

/** Buttons that copy a text. */
export function addCopying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
    const label = button.textContent;
    button.addEventListener('click', async () => {
      button.textContent = (await copied(button.dataset.copy ?? '')) ? 'Copied' : 'Could not copy';
      setTimeout(() => {
        button.textContent = label;
      }, SAID);
    });
  }
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

/** Where a page is not allowed to write the clipboard, such as one from a file in some browsers. */
function copiedBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
