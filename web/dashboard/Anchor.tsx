/** A link to another view of this page: followed in place on a plain click, by the browser with any modifier key. */
import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { writeView, type View } from './view';

interface Props extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href' | 'onClick'> {
  view: View;
  onFollow(): void;
}

export function Anchor({ view, onFollow, ...rest }: Props) {
  function follow(event: MouseEvent) {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onFollow();
  }
  return <a {...rest} href={`./${writeView(view)}`} onClick={follow} />;
}
