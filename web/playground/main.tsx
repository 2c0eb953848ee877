/** The page at `/graphiql`. */
import '../page/theme.css';
import './playground.css';
import { createRoot } from 'react-dom/client';
import { linkedOperation } from '../page/operation';
import { Playground } from './Playground';

const linked = linkedOperation(location.hash);
// From here on the editor keeps its tabs by itself; a reload must not open the link once more.
if (linked) history.replaceState(null, '', location.pathname);
addEventListener('hashchange', () => linkedOperation(location.hash) && location.reload());

createRoot(document.getElementById('root') as HTMLElement).render(<Playground linked={linked} />);
