// Writes the committed files that are generated from the source's tables: the manual page, the completions, Icinga
// Director's basket, the picture in README. `papers.mjs DIR PREFIX` writes those whose names begin with PREFIX below
// another directory.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { bashCompletion } from './completion/bash.mjs';
import { fishCompletion } from './completion/fish.mjs';
import { zshCompletion } from './completion/zsh.mjs';
import { directorBasket } from './director.mjs';
import { manualPage } from './manual.mjs';
import { tables } from './parts.mjs';
import { reportPicture } from './picture.mjs';
import { top } from './top.mjs';

const PAPERS = {
  '.github/report.svg': reportPicture,
  'nagios/check_conntrack.8': manualPage,
  'nagios/completion/_check_conntrack': zshCompletion,
  'nagios/completion/check_conntrack': bashCompletion,
  'nagios/completion/check_conntrack.fish': fishCompletion,
  'nagios/icinga-director/conntrack.json': directorBasket,
};

const [folder = top, prefix = ''] = process.argv.slice(2);
const source = await tables();
for (const [name, made] of Object.entries(PAPERS).filter(([each]) => each.startsWith(prefix))) {
  const path = resolve(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, made(source));
}
