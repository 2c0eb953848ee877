/**
 * Announces a change that only the eye would notice to screen readers, through a live region.
 *
 * The region stands in `index.html`: one that comes into the document together with its text is passed over.
 */
import { useEffect } from 'react';

/** Says `sentence` once it has stayed the same for `delayMs`: of sentences in quick succession, the last. */
export function useAnnounce(sentence: string, delayMs = 0): void {
  useEffect(() => {
    const region = document.getElementById('announcements');
    if (!region) return;
    const say = () => (region.textContent = sentence);
    if (!delayMs) say();
    const timer = delayMs ? setTimeout(say, delayMs) : undefined;
    return () => {
      clearTimeout(timer);
      region.textContent = '';
    };
  }, [sentence, delayMs]);
}
