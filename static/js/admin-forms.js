// A form of the admin, made easier: the order of its parts by buttons, and Markdown as readers will see it.
// Without this file the order is a number to type, and the item's own preview shows its Markdown.
'use strict';
{
    const make = (name, facts = {}) => Object.assign(document.createElement(name), facts);
    const status = document.body.appendChild(make('p', { className: 'visually-hidden' }));
    status.setAttribute('role', 'status');

    // The order of parts: Move up and Move down

    const rowsOf = (group) => [...group.querySelectorAll('.inline-related:not(.empty-form)')];
    const orderOf = (row) => row.querySelector('[name$="-order"]');
    const placeOf = (row) => Number(row.id.split('-').pop());

    const arrange = (group, key) => {
        const rows = rowsOf(group);
        const end = rows.length && rows[rows.length - 1].nextSibling;
        for (const row of rows.sort((one, other) => key(one) - key(other))) {
            end ? end.parentNode.insertBefore(row, end) : row.parentNode.append(row);
        }
    };

    const number = (group) => {
        const rows = rowsOf(group);
        rows.forEach((row, at) => {
            const label = row.querySelector('.inline_label');
            orderOf(row).value = at + 1;
            label.textContent = label.textContent.replace(/^#\d+$/, `#${at + 1}`); // of a new one, which has no name yet
            row.querySelector('.move-up').disabled = at === 0;
            row.querySelector('.move-down').disabled = at === rows.length - 1;
        });
        return rows;
    };

    const move = (row, by, button) => {
        const group = row.closest('.inline-group');
        const other = rowsOf(group)[rowsOf(group).indexOf(row) + by];
        by < 0 ? other.before(row) : other.after(row);
        const rows = number(group);
        (button.disabled ? row.querySelector(by < 0 ? '.move-down' : '.move-up') : button).focus();
        status.textContent = `Moved: it is now ${rows.indexOf(row) + 1} of ${rows.length}. Save to keep the order.`;
    };

    const addButtons = (row) => {
        const name = row.querySelector('h3').textContent.trim().replace(/\s+/g, ' ');
        const bar = make('div', { className: 'moves' });
        for (const [words, by] of [['Move up', -1], ['Move down', 1]]) {
            const button = make('button', { type: 'button', textContent: words });
            button.className = words.toLowerCase().replace(' ', '-');
            button.append(make('span', { className: 'visually-hidden', textContent: `: ${name}` }));
            button.addEventListener('click', () => move(row, by, button));
            bar.append(button);
        }
        row.querySelector('h3').after(bar);
    };

    const isOrdered = (group) => group.querySelector('.empty-form input[name$="-order"], .empty-form select[name$="-order"]');

    const order = (group) => {
        rowsOf(group).forEach(addButtons);
        number(group);
        // Django counts its rows anew, as they stand, when a new one is removed: saved ones have to stand first then.
        group.addEventListener('click', (event) => {
            if (event.target.closest('.inline-deletelink')) {
                arrange(group, placeOf);
                setTimeout(() => {
                    arrange(group, (row) => Number(orderOf(row).value));
                    number(group);
                });
            }
        }, true);
    };

    // Markdown as readers will see it

    const WAIT = 700; // milliseconds without a key, after which an open preview follows

    const addPreview = (area) => {
        const label = document.querySelector(`label[for="${area.id}"]`).firstChild.textContent.trim();
        const button = make('button', { type: 'button', className: 'preview-button', textContent: 'Preview' });
        const shown = make('div', { className: 'markdown-preview', id: `${area.id}_preview`, hidden: true, tabIndex: 0 });
        let waiting;
        button.append(make('span', { className: 'visually-hidden', textContent: ` of ${label.toLowerCase()}` }));
        button.setAttribute('aria-expanded', 'false');
        button.setAttribute('aria-controls', shown.id);
        shown.setAttribute('role', 'region');
        shown.setAttribute('aria-label', `Preview of ${label.toLowerCase()}`);

        const show = async () => {
            const sent = new FormData();
            sent.append('text', area.value);
            sent.append('csrfmiddlewaretoken', area.form.elements.csrfmiddlewaretoken.value);
            try {
                const answer = await fetch(area.dataset.markdown, { method: 'POST', body: sent });
                if (!answer.ok || answer.redirected) {
                    throw new Error(answer.status);
                }
                shown.innerHTML = await answer.text(); // made safe by the portal: no script, no style, no image
                shown.querySelectorAll('a').forEach((link) => Object.assign(link, { target: '_blank', rel: 'noopener' }));
            } catch {
                shown.textContent = 'The preview could not be made. What you typed is still here: save it, then try again.';
            }
        };
        button.addEventListener('click', async () => {
            const isOpening = shown.hidden;
            if (isOpening) {
                await show();
            }
            shown.hidden = !isOpening;
            button.setAttribute('aria-expanded', String(isOpening));
            status.textContent = isOpening ? 'The preview is shown below the text.' : 'The preview is closed.';
        });
        area.addEventListener('input', () => {
            clearTimeout(waiting);
            waiting = shown.hidden ? 0 : setTimeout(show, WAIT);
        });
        area.after(button, shown);
    };

    const improve = (root) => {
        for (const area of root.querySelectorAll('textarea[data-markdown]')) {
            if (!area.closest('.empty-form')) {
                addPreview(area);
            }
        }
    };

    improve(document);
    document.querySelectorAll('.inline-group').forEach((group) => isOrdered(group) && order(group));
    document.addEventListener('formset:added', (event) => {
        const group = event.target.closest('.inline-group');
        improve(event.target);
        if (isOrdered(group)) {
            addButtons(event.target);
            number(group);
        }
    });
}
