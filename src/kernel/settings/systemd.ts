// Whether a machine's first process is systemd, which reads its settings at boot in a way of its own.

import { exists } from '../file.ts';
import type { Root } from '../root.ts';

// The first one only while it runs; a captured tree may have the others.
export const SYSTEMD_PLACES = ['/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

export function runsSystemd(root: Root): boolean {
  return SYSTEMD_PLACES.some((path) => exists(root.locate(path)));
}
