/**
 * Announces a change that only the eye would notice to screen readers, through a live region.
 *
 * The region stands in `index.html`: one that comes into the document together with its text is passed over.
 */
import { useEffect } from 'react';

export function useAnnounce(sentence: string): void {
  useEffect(() => {
    const region = document.getElementById('announcements');
    if (!region) return;
    region.textContent = sentence;
    return () => {
      region.textContent = '';
    };
  }, [sentence]);
}
