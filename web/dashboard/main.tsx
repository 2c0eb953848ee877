/** The page at `/`. */
import '../page/theme.css';
import './dashboard.css';
import { createRoot } from 'react-dom/client';
import { Failure } from '../page/failure';
import { App } from './App';

const root = createRoot(document.getElementById('root') as HTMLElement, {
  // A failed request is shown to the reader, with a way on; the console is for defects of the page.
  onCaughtError(error) {
    if (!(error instanceof Failure)) console.error(error);
  },
});
root.render(<App />);
