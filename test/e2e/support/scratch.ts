// Directories for one test, for those that need no built file too.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty directory that everybody may enter; it goes when the test is over. */
export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'check_conntrack-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
