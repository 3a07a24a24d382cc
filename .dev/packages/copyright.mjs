// The licences of everything in the executable: those that the build has collected, and those that it cannot know.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from '../top.mjs';

export function copyright({ arch, parts }) {
  const texts = readFileSync(join(top, `build/linux-${arch}/LICENSES`), 'utf8');
  const head = 'check_conntrack, and what is in its static executable, each under its own licence.\n';
  return [head, texts, ...(parts.hasLibgcc ? [libgcc(parts)] : [])].join('\n');
}

function libgcc({ gcc }) {
  return `==== libgcc (GCC ${gcc})

Copyright (C) 1989-2022 Free Software Foundation, Inc.

Some functions of libgcc, GCC's runtime library, for arithmetic. It is under
the GNU General Public License, version 3 or later, with the GCC Runtime
Library Exception, version 3.1, which permits to convey a program with such
functions in it under terms of one's choice. Debian has the text of that
licence in /usr/share/common-licenses/GPL-3.
`;
}
