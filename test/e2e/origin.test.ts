// The page named by a package is that of the clone that it was built in.

import { expect, test } from 'vitest';
import { pageOf } from '../../.dev/packages/origin.mjs';

test.each([
  ['https://git.example.org/ops/check_conntrack.git', 'https://git.example.org/ops/check_conntrack'],
  ['https://user:secret@git.example.org/ops/check_conntrack', 'https://git.example.org/ops/check_conntrack'],
  ['git@git.example.org:ops/check_conntrack.git', 'https://git.example.org/ops/check_conntrack'],
  ['ssh://git@git.example.org/ops/check_conntrack.git', 'https://git.example.org/ops/check_conntrack'],
  ['/srv/git/check_conntrack.git', undefined],
  ['file:///srv/git/check_conntrack', undefined],
])('%s is %s', (remote, page) => expect(pageOf(remote)).toBe(page));
