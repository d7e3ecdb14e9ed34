// What one could be typing, under a search box: a combobox as the ARIA practices describe it (list, no completion).
// Without this file a search box is a search box.
const PAUSE = 200; // milliseconds without a key, after which suggestions are asked for
const FEWEST = 3; // letters, as search/query.py has it

const make = (name, facts = {}) => Object.assign(document.createElement(name), facts);

const improve = (input, number) => {
  const address = new URL('suggest/', input.form.action);
  const list = make('ul', { id: `suggestions-${number}`, className: 'app-suggestions', hidden: true });
  const told = make('p', { className: 'nhsuk-u-visually-hidden' });
  const known = new Map();
  let waiting;
  let chosen = -1;

  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Suggestions');
  told.setAttribute('role', 'status');
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-controls', list.id);
  input.setAttribute('aria-expanded', 'false');

  const close = () => {
    chosen = -1;
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };

  const choose = (at) => {
    const options = [...list.children];
    chosen = (at + options.length + 1) % (options.length + 1); // one more than there are: none of them
    options.forEach((option, n) => option.setAttribute('aria-selected', String(n === chosen)));
    if (options[chosen]) {
      input.setAttribute('aria-activedescendant', options[chosen].id);
      options[chosen].scrollIntoView({ block: 'nearest' });
    } else {
      input.removeAttribute('aria-activedescendant');
    }
  };

  const search = (title) => {
    input.value = title;
    close();
    input.form.requestSubmit();
  };

  const show = (titles) => {
    close();
    list.replaceChildren(...titles.map((title, n) => {
      const option = make('li', { id: `${list.id}-${n}`, className: 'app-suggestions__option', textContent: title });
      option.setAttribute('role', 'option');
      option.setAttribute('aria-selected', 'false');
      option.addEventListener('mousedown', (event) => event.preventDefault()); // the box keeps the focus
      option.addEventListener('click', () => search(title));
      return option;
    }));
    list.hidden = titles.length === 0;
    input.setAttribute('aria-expanded', String(!list.hidden));
    told.textContent = titles.length ? `${titles.length} suggestion${titles.length === 1 ? '' : 's'}, use the arrow keys` : '';
  };

  const ask = async () => {
    const typed = input.value.trim();
    if (typed.length < FEWEST) {
      show([]);
      return;
    }
    try {
      if (!known.has(typed)) {
        address.searchParams.set('q', typed);
        const answer = await fetch(address);
        known.set(typed, answer.ok ? (await answer.json())[1] : []);
      }
      if (typed === input.value.trim() && document.activeElement === input) {
        show(known.get(typed));
      }
    } catch {
      show([]); // suggestions are a help, and a search works without them
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault(); // the first time it closes the list, the next time it empties the box
      close();
    } else if (!list.hidden && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      const none = list.children.length;
      choose(event.key === 'ArrowDown' ? chosen === none ? 0 : chosen + 1 : chosen === -1 ? none - 1 : chosen - 1);
    } else if (event.key === 'Enter' && list.children[chosen] && !list.hidden) {
      event.preventDefault();
      search(list.children[chosen].textContent);
    }
  });
  input.addEventListener('blur', close);
  input.parentElement.classList.add('app-has-suggestions');
  input.after(list, told);
};

document.querySelectorAll('form[action$="/search/"] input[name="q"][type="search"]').forEach(improve);
