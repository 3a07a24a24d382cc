// What setting a limit depends on, beside the table itself: free memory, configuration files, how the module is loaded.

import type { Available, Facts, Reading, Surroundings } from '../facts.ts';
import { readConfiguration, runsSystemd } from './configuration.ts';
import { readEvidence } from './evidence.ts';
import type { Parsed, Root } from './root.ts';
import { readNumber } from './table.ts';

const MEMINFO_LIMIT = 1 << 16;

export function readSurroundings(root: Root, { generation }: Facts): Surroundings {
  return {
    expectMax: readNumber(root, '/proc/sys/net/netfilter/nf_conntrack_expect_max'),
    available: readAvailable(root),
    configuration: readConfiguration(root),
    evidence: readEvidence(root, generation),
    systemd: runsSystemd(root),
  };
}

function readAvailable(root: Root): Reading<Available> {
  return root.read('/proc/meminfo', MEMINFO_LIMIT, parseAvailable);
}

/** MemAvailable of `/proc/meminfo`; before 3.14 MemFree, Buffers and Cached, which is more than could be had. */
export function parseAvailable(text: string): Parsed<Available> {
  const bytes = (name: string): number | undefined => {
    const [, digits] = new RegExp(`^${name}: +(\\d{1,15}) kB$`, 'm').exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits) * 1024;
  };
  const exact = bytes('MemAvailable');
  if (exact !== undefined) return { ok: true, value: { bytes: exact, exact: true } };
  const [free, buffers, cached] = [bytes('MemFree'), bytes('Buffers'), bytes('Cached')];
  if (free === undefined) return { ok: false, kind: 'malformed' };
  return { ok: true, value: { bytes: free + (buffers ?? 0) + (cached ?? 0), exact: false } };
}
