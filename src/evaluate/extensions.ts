// The extension block of an entry: what makes the kernel allocate one, by kernel, and the certainty. Kernel source:
// net/netfilter/nf_conntrack_extend.c, nf_conntrack_core.c (init_conntrack), nf_nat_masquerade.c.

import type { Reading } from '../model/fault.ts';
import type { KernelVersion, Machine } from '../model/machine.ts';
import type { ExtensionSettings, Table } from '../model/table.ts';
import { atLeast } from './kernel-version.ts';

/**
 * `at_least`: settings that could not be read may add to it. `up_to`: rules add a block only to the entries that match.
 * `about`: some entries have one certainty, others another.
 */
export type Certainty = 'exact' | 'at_least' | 'up_to' | 'about';

export interface Extension {
  /** Bytes counted per entry. */
  readonly bytes: number;
  readonly certainty: Certainty;
  /** Maximum bytes per entry; equal to `bytes` if that is unknown too. */
  readonly most: number;
}

// Since 4.12 one power-of-two kmalloc, whatever it contains; measured on x86-64.
const BLOCK_BYTES = 128;

/**
 * `varies`: before 4.12 the size depends on the users of the block. `by default`: every entry has one, unless events
 * are off.
 */
type Allocation = 'never' | 'varies' | 'by default' | 'on demand';

/**
 * Minimum bytes before 4.12 with events on, which is the default: NAT, helpers and labels add to it. Measured on
 * 2.6.32, 3.10 and 4.4; the event cache lost its timer in 3.17.
 */
interface Least {
  readonly events: number;
  readonly eventsAndAcct: number;
}
const SINCE_3_17: Least = { events: 64, eventsAndAcct: 96 };
const SINCE_3_0: Least = { events: 128, eventsAndAcct: 192 };
const BEFORE_3_0: Least = { events: 128, eventsAndAcct: 128 };

const EXACTLY_NONE: Extension = { bytes: 0, certainty: 'exact', most: 0 };
const EXACTLY_ONE: Extension = { bytes: BLOCK_BYTES, certainty: 'exact', most: BLOCK_BYTES };
const PERHAPS_ONE: Extension = { bytes: 0, certainty: 'at_least', most: BLOCK_BYTES };
const ONE_OR_LESS: Extension = { bytes: BLOCK_BYTES, certainty: 'up_to', most: BLOCK_BYTES };

function allocationOf({ generation, release }: Machine): Allocation {
  if (generation === 'ip_conntrack') return 'never';
  if (!release.ok || atLeast(release.value, 5, 19)) return 'on demand';
  return atLeast(release.value, 4, 12) ? 'by default' : 'varies';
}

export function extensionOf(machine: Machine, { extensions }: Table): Extension {
  const allocation = allocationOf(machine);
  if (allocation === 'never') return EXACTLY_NONE;
  if (allocation === 'varies') return leastBlock(machine, extensions);
  return extensionBlock(extensions, allocation === 'by default');
}

function leastBlock({ release }: Machine, { events, acct }: ExtensionSettings): Extension {
  const { events: plain, eventsAndAcct } = leastOf(release);
  const bytes = !events.ok || events.value === 0 ? 0 : isOn(acct) === true ? eventsAndAcct : plain;
  return { bytes, certainty: 'at_least', most: bytes };
}

function leastOf(release: Reading<KernelVersion>): Least {
  if (!release.ok || atLeast(release.value, 3, 17)) return SINCE_3_17;
  return atLeast(release.value, 3, 0) ? SINCE_3_0 : BEFORE_3_0;
}

function extensionBlock(settings: ExtensionSettings, byDefault: boolean): Extension {
  const { acct, timestamp, rules } = settings;
  const mode = eventsMode(settings.events);
  const demands = [
    isOn(acct),
    isOn(timestamp),
    eventsDemand(settings, mode, byDefault),
    rules?.ok === true && rules.value === 'all',
  ];
  if (demands.includes(true)) return EXACTLY_ONE;
  // If the switch cannot be read, assume the kernel's default.
  if (mode === undefined && (byDefault || isListenedTo(settings))) return ONE_OR_LESS;
  if (rules?.ok === true && rules.value === 'some') return ONE_OR_LESS;
  return demands.includes(undefined) || rules?.ok !== true ? PERHAPS_ONE : EXACTLY_NONE;
}

/** Undefined if it cannot be read; a kernel without the switch does not have the feature. */
function isOn(setting: Reading<number>): boolean | undefined {
  if (setting.ok) return setting.value !== 0;
  return setting.fault.kind === 'missing' ? false : undefined;
}

function eventsMode(events: Reading<number>): number | undefined {
  if (events.ok) return events.value;
  return events.fault.kind === 'missing' ? 0 : undefined;
}

const AUTODETECT = 2;

/** Since 5.19 events add the block if they are on, or if there is a listener in any namespace. */
function eventsDemand(settings: ExtensionSettings, mode: number | undefined, byDefault: boolean): boolean | undefined {
  const { listener, elsewhere } = settings;
  if (byDefault || mode !== AUTODETECT) return mode === undefined ? undefined : mode !== 0;
  if (isListenedTo(settings)) return true;
  return listener.ok && elsewhere?.ok === true ? false : undefined;
}

function isListenedTo({ listener, elsewhere }: ExtensionSettings): boolean {
  return (listener.ok && listener.value) || (elsewhere?.ok === true && elsewhere.value);
}
