/** Choosing a model: shows its card, marks it everywhere, and keeps it in the address, so that a link leads to it. Copying texts. */
export const selectScript = String.raw`
const articles = [...document.querySelectorAll('article.model')];
const status = document.getElementById('status');
function select(index, quietly) {
  if (!data.models[index] || index === state.selected) return;
  state.selected = index;
  articles.forEach((article, i) => article.classList.toggle('selected', i === index));
  changed('selected');
  if (quietly) return;
  status.textContent = 'Showing ' + data.models[index].label;
  history.replaceState(null, '', '#model-' + index);
}
const fromAddress = () => { const match = /^#model-(\d+)$/.exec(location.hash); return match ? Number(match[1]) : -1; };
addEventListener('hashchange', () => select(fromAddress(), true));
select(data.models[fromAddress()] ? fromAddress() : data.chosen, true);

async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch { /* not allowed on this page: the old way */ }
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
for (const button of document.querySelectorAll('[data-copy]')) {
  const label = button.textContent;
  button.addEventListener('click', async () => {
    button.textContent = (await copy(button.dataset.copy)) ? 'Copied' : 'Could not copy';
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}
`;
