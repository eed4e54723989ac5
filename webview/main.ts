import { startPage } from './page.js';
import { views } from './views/index.js';

startPage(views);
