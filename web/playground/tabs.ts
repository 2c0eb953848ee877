/**
 * What the editor's tabs and its history are to assistive technology.
 *
 * GraphiQL makes each list item a tab and puts two buttons into it; a tab may hold nothing to focus, so those buttons
 * are lost to a screen reader. Here they are what they look like: a list of buttons, of which one is current. The
 * history's buttons are labelled by what they do, all alike; here by the operation that stands on them. The explorer's
 * menu has no name.
 */
export function relabelTabs(root: HTMLElement): () => void {
  const observer = new MutationObserver(relabel);

  function relabel() {
    for (const list of root.querySelectorAll('.graphiql-tabs')) {
      set(list, 'role', 'list');
      for (const item of list.querySelectorAll('.graphiql-tab')) {
        set(item, 'role', 'listitem');
        set(item, 'aria-selected', null);
        const button = item.querySelector('.graphiql-tab-button');
        if (button) set(button, 'aria-current', item.classList.contains('graphiql-tab-active') ? 'true' : null);
      }
    }
    for (const button of root.querySelectorAll('.graphiql-history-item-label')) set(button, 'aria-label', null);
    // The explorer's only menu.
    for (const menu of root.querySelectorAll('.graphiql-explorer-root select'))
      set(menu, 'aria-label', 'Kind of operation');
  }

  relabel();
  observer.observe(root, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ['role', 'aria-selected', 'aria-label', 'class'],
  });
  return () => observer.disconnect();
}

/** Only writes what differs: each write wakes the observer again. */
function set(element: Element, name: string, value: string | null) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
