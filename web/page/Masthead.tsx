/** The bar at the top of both pages. */
import type { ReactNode } from 'react';

export function Masthead({ children }: { children?: ReactNode }) {
  return (
    <header className="masthead">
      <a className="brand" href="./">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d="M16 7v12m0 0-5-5m5 5 5-5M8 21v2a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-2" />
        </svg>
        Imports
      </a>
      <nav aria-label="Account and API">{children}</nav>
    </header>
  );
}
