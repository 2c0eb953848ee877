/**
 * What a screen reader is to say of a change that only the eye would notice.
 *
 * The region stands in `index.html`: one that comes into the document together with its text is passed over.
 */
import { useEffect } from 'react';

export function useSay(sentence: string): void {
  useEffect(() => {
    const region = document.getElementById('said');
    if (!region) return;
    region.textContent = sentence;
    return () => {
      region.textContent = '';
    };
  }, [sentence]);
}
