// Kernel behaviour by version.

import type { KernelVersion } from '../model/machine.ts';

export function atLeast(version: KernelVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
