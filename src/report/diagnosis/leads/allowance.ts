// The limit of tracked connections that the cloud itself keeps for an interface, by Amazon's ena driver: ETHTOOL_GSTATS,
// which any user may read, through ethtool(8). Lines of `     conntrack_allowance_exceeded: 0`.

import { files } from '#system/files';
import type { Parsed, Root } from '../../../kernel/root.ts';
import { runTool } from '../../../kernel/run-tool.ts';
import { TOOLS } from '../../../kernel/tools.ts';
import { grouped } from '../../../words/prose.ts';
import { foreign } from '../../../words/words.ts';
import { type LeadBase, type LeadForm, type Note, note, rate, type Surroundings } from './lead.ts';

export interface AllowanceLead extends LeadBase {
  readonly kind: 'allowance';
  readonly allowance: Allowance;
  /** Packets that the cloud dropped. */
  readonly perSecond: number;
}

interface AllowancesSeen {
  readonly allowances?: readonly Allowance[];
}

interface Allowance {
  readonly interface: string;
  /** Packets dropped since the interface came up. */
  readonly exceeded: number;
  /** Connections that may still be made; undefined if the driver is too old to print it. */
  readonly available: number | undefined;
}

const NET_DEVICES = '/sys/class/net';
const DRIVER = /\/ena$/;
// The kernel allows anything but slashes and white space; a leading dash would be taken for an option.
const PLAIN_NAME = /^\w[\w.:@-]{0,14}$/;
const MOST_INTERFACES = 16;

/** Our own namespace only: ethtool(8) sees no other. */
export function readAllowances(root: Root): readonly Allowance[] {
  if (root.view !== 'own') return [];
  // One deadline for all interfaces.
  const end = root.deadline.elapsed() + TOOLS.allowance.milliseconds;
  return enaInterfaces(root).flatMap((name) => {
    const source = `ethtool -S ${name}`;
    const run = { tool: TOOLS.allowance, source, args: [name], milliseconds: end - root.deadline.elapsed() };
    const reading = runTool(root, run, ({ stdout, failure }) => {
      const parsed = failure === undefined ? parseAllowance(stdout) : ({ ok: false, kind: 'tool-failed' } as const);
      return parsed.ok ? { ...parsed, source } : { ok: false, fault: { kind: parsed.kind, source } };
    });
    return reading.ok ? [{ interface: name, ...reading.value }] : [];
  });
}

/** The interfaces whose driver is ena. */
export function enaInterfaces(root: Root): readonly string[] {
  const names = root.list(NET_DEVICES);
  if ('kind' in names) return [];
  const ena = names.filter((name) => {
    const driver = PLAIN_NAME.test(name) ? files.readLink(root.locate(`${NET_DEVICES}/${name}/device/driver`)) : '';
    return typeof driver === 'string' && DRIVER.test(driver);
  });
  return ena.sort().slice(0, MOST_INTERFACES);
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

export const ALLOWANCE: LeadForm<AllowanceLead, AllowancesSeen> = {
  read: ({ root }) => ({ allowances: readAllowances(root) }),
  judge: judgeAllowance,
  clause: allowanceClause,
  notes: allowanceNotes,
};

// Above zero is normal, a rise is not.
function judgeAllowance({ between }: Surroundings<AllowancesSeen>): readonly AllowanceLead[] {
  if (between === undefined) return [];
  const { earlier, later, seconds } = between;
  return (later.allowances ?? []).flatMap((allowance): readonly AllowanceLead[] => {
    const before = earlier.allowances?.find((other) => other.interface === allowance.interface);
    const rise = before === undefined ? 0 : allowance.exceeded - before.exceeded;
    return rise > 0 ? [{ kind: 'allowance', state: 'warning', allowance, perSecond: rise / seconds }] : [];
  });
}

function allowanceClause({ allowance, perSecond }: AllowanceLead): string {
  return `the cloud drops ${rate(perSecond)} packets/s of ${foreign(allowance.interface)}: its own limit of tracked connections is reached`;
}

function allowanceNotes({ allowance }: AllowanceLead): readonly Note[] {
  const left =
    allowance.available === undefined ? '' : ` ${grouped(allowance.available)} more connections are allowed.`;
  const words = `They are dropped outside this machine, and no setting here helps: reduce tracked connections, use security groups that need no tracking, or a larger instance.${left}`;
  return [note(words, `ethtool -S ${allowance.interface} | grep conntrack_allowance`)];
}
