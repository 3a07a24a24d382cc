// The sign of systemd, which reads the settings at boot in its own way.

import { exists } from '../file.ts';
import type { Root } from '../root.ts';

// The first exists only while systemd runs; a captured tree may have the others.
export const SYSTEMD_PLACES = ['/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];

export function runsSystemd(root: Root): boolean {
  return SYSTEMD_PLACES.some((path) => exists(root.locate(path)));
}
