// What Amazon's ena driver says of the limit of tracked connections that the cloud itself keeps for an interface:
// ETHTOOL_GSTATS, which any user may ask for, through ethtool(8). Lines of `     conntrack_allowance_exceeded: 0`.

import { files } from '#system/files';
import type { Parsed, Root } from '../../../kernel/root.ts';
import { runTool } from '../../../kernel/run-tool.ts';
import { TOOLS } from '../../../kernel/tools.ts';
import type { Allowance } from '../../../model/other-limits.ts';

const FOLDER = '/sys/class/net';
const DRIVER = /\/ena$/;
// A name may hold anything but a slash and white space; what looks like an option would be taken for one.
const PLAIN_NAME = /^\w[\w.:@-]{0,14}$/;
const MOST_INTERFACES = 16;

/** Of our own namespace: ethtool(8) can tell of no other. */
export function readAllowances(root: Root): readonly Allowance[] {
  if (root.view !== 'own') return [];
  // The time is for all interfaces together.
  const end = root.deadline.elapsed() + TOOLS.allowance.milliseconds;
  return enaInterfaces(root).flatMap((name) => {
    const source = `ethtool -S ${name}`;
    const run = { tool: TOOLS.allowance, source, args: [name], milliseconds: end - root.deadline.elapsed() };
    const said = runTool(root, run, ({ stdout, failure }) => {
      const parsed = failure === undefined ? parseAllowance(stdout) : ({ ok: false, kind: 'tool-failed' } as const);
      return parsed.ok ? { ...parsed, source } : { ok: false, fault: { kind: parsed.kind, source } };
    });
    return said.ok ? [{ interface: name, ...said.value }] : [];
  });
}

/** The interfaces whose driver is ena. */
export function enaInterfaces(root: Root): readonly string[] {
  const names = root.list(FOLDER);
  if ('kind' in names) return [];
  const found = names.filter((name) => {
    const driver = PLAIN_NAME.test(name) ? files.readLink(root.locate(`${FOLDER}/${name}/device/driver`)) : '';
    return typeof driver === 'string' && DRIVER.test(driver);
  });
  return found.sort().slice(0, MOST_INTERFACES);
}

export function parseAllowance(text: string): Parsed<Omit<Allowance, 'interface'>> {
  const figure = (name: string): number | undefined => {
    const [, digits] = new RegExp(`^\\s*${name}: (\\d{1,20})\\s*$`, 'm').exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits);
  };
  const exceeded = figure('conntrack_allowance_exceeded');
  if (exceeded === undefined) return { ok: false, kind: 'malformed' };
  return { ok: true, value: { exceeded, available: figure('conntrack_allowance_available') } };
}
