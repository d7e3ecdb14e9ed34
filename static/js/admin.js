// What Django's admin leaves unsaid to people who use a screen reader or a keyboard. All of it works without this file.
'use strict';
{
    // An autocomplete (Select2) has no name of its own: give it that of its field.
    const labelOf = (select) => {
        const label = document.querySelector(`label[for="${select.id}"]`);
        if (label && !label.id) {
            label.id = `${select.id}_label`;
        }
        return label ? label.id : null;
    };

    const nameAutocomplete = (select) => {
        const box = select.nextElementSibling;
        const label = labelOf(select);
        if (!box || !box.matches('.select2') || !label) {
            return;
        }
        const chosen = box.querySelector('span.select2-selection__rendered');
        if (chosen) { // one choice: it is a value in a combo box, not a text box of its own
            chosen.removeAttribute('role');
            chosen.removeAttribute('aria-readonly');
        }
        for (const part of box.querySelectorAll('[role="combobox"], input')) {
            part.setAttribute('aria-labelledby', chosen && part.tagName !== 'INPUT' ? `${label} ${chosen.id}` : label);
        }
    };

    const nameAutocompletes = (root) => {
        root.querySelectorAll('select.admin-autocomplete').forEach(nameAutocomplete);
    };

    // What is wrong, in one place that has the focus, each with a link to its field.
    const summariseErrors = () => {
        const note = document.querySelector('.errornote');
        if (!note) {
            return;
        }
        const summary = document.createElement('div');
        summary.className = note.className;
        summary.tabIndex = -1;
        summary.append(...note.childNodes);
        const list = document.createElement('ul');
        for (const errors of document.querySelectorAll('ul.errorlist[id$="_error"]')) {
            const field = errors.id.slice(0, -'_error'.length);
            const target = document.getElementById(`${field}_0`) || document.getElementById(field) || errors;
            for (const error of errors.children) {
                const link = list.appendChild(document.createElement('li')).appendChild(document.createElement('a'));
                link.href = `#${target.id}`;
                link.textContent = error.textContent.trim();
            }
        }
        if (list.children.length) {
            summary.append(list);
        }
        note.replaceWith(summary);
        summary.focus();
    };

    // Each choice has its own button to remove it; one more that clears them all is no list item, but sits in the list.
    for (const select of document.querySelectorAll('select.admin-autocomplete[multiple]')) {
        select.dataset.allowClear = 'false';
    }
    window.addEventListener('load', summariseErrors); // after Django has put the focus on the first field
    if (window.django && window.django.jQuery) {
        const $ = window.django.jQuery;
        $(() => nameAutocompletes(document)); // after Django's own, which makes them
        $(document).on('select2:open', (event) => { // a dialog of a search box and its results
            const label = labelOf(event.target);
            const results = document.getElementById(`select2-${event.target.id}-results`);
            const dialog = results.closest('.select2-container');
            dialog.setAttribute('role', 'dialog');
            for (const part of [dialog, results, dialog.querySelector('.select2-search__field')]) {
                part?.setAttribute('aria-labelledby', label);
            }
            for (const box of event.target.nextElementSibling.querySelectorAll('[role="combobox"]')) {
                box.setAttribute('aria-haspopup', 'dialog');
                box.setAttribute('aria-controls', results.id);
            }
        });
        document.addEventListener('formset:added', (event) => nameAutocompletes(event.target));
    }
}
