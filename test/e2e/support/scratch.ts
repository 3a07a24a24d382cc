// Directories for one test; also for tests without a built file.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Creates an empty directory that every user may enter; it is removed after the test. */
export function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'check_conntrack-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
