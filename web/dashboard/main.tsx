/** The page at `/`. */
import '../page/theme.css';
import './dashboard.css';
import { createRoot } from 'react-dom/client';
import { App } from './App';

createRoot(document.getElementById('root') as HTMLElement).render(<App />);
