// Writes what is made from the source's tables and committed: the manual page, the completions, the picture in README.
// `papers.mjs DIR` writes them below another directory.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { bashCompletion, fishCompletion, zshCompletion } from './completion.mjs';
import { directorBasket } from './director.mjs';
import { manualPage } from './manual.mjs';
import { tables, top } from './parts.mjs';

const folder = resolve(process.argv[2] ?? top);
const source = await tables();
const papers = {
  'nagios/check_conntrack.8': manualPage(source),
  'nagios/icinga-director/conntrack.json': directorBasket(source),
  'nagios/completion/check_conntrack': bashCompletion(source),
  'nagios/completion/_check_conntrack': zshCompletion(source),
  'nagios/completion/check_conntrack.fish': fishCompletion(source),
};
for (const [name, text] of Object.entries(papers)) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
