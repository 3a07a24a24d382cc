// The extension block beside each entry: who makes the kernel allocate one, by kernel, and how sure that is.
// Kernel source: net/netfilter/nf_conntrack_extend.c, nf_conntrack_core.c (init_conntrack), nf_nat_masquerade.c.

import type { Reading } from '../model/fault.ts';
import type { KernelVersion, Machine } from '../model/machine.ts';
import type { ExtensionSettings, Table } from '../model/table.ts';
import { atLeast } from './kernel-version.ts';

/**
 * `at_least`: what was not seen may add to it. `up_to`: rules add a block to those entries alone that match. `about`: the
 * one of some entries, and the other of others.
 */
export type Certainty = 'exact' | 'at_least' | 'up_to' | 'about';

export interface Extension {
  /** What is counted for each entry. */
  readonly bytes: number;
  readonly certainty: Certainty;
  /** What it may be at the most; the same as `bytes` where that is not known either. */
  readonly most: number;
}

// From 4.12 on one power-of-two kmalloc, whatever is in it: measured on x86-64.
const BLOCK_BYTES = 128;

/** `varies`: before 4.12 the size depends on what uses the block. `by default`: each entry, unless events are off. */
type Allocation = 'never' | 'varies' | 'by default' | 'on demand';

/**
 * Bytes before 4.12 with events on, which is the default: a minimum, since NAT, helpers and labels add to it. Measured on
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
  const asked = [
    isOn(acct),
    isOn(timestamp),
    eventsAsk(settings, mode, byDefault),
    rules?.ok === true && rules.value === 'all',
  ];
  if (asked.includes(true)) return EXACTLY_ONE;
  // What this kernel does by default, where the switch itself cannot be seen.
  if (mode === undefined && (byDefault || isHeard(settings))) return ONE_OR_LESS;
  if (rules?.ok === true && rules.value === 'some') return ONE_OR_LESS;
  return asked.includes(undefined) || rules?.ok !== true ? PERHAPS_ONE : EXACTLY_NONE;
}

/** Undefined where it cannot be seen; a kernel without the switch does not have what it switches. */
function isOn(setting: Reading<number>): boolean | undefined {
  if (setting.ok) return setting.value !== 0;
  return setting.fault.kind === 'missing' ? false : undefined;
}

function eventsMode(events: Reading<number>): number | undefined {
  if (events.ok) return events.value;
  return events.fault.kind === 'missing' ? 0 : undefined;
}

const AUTODETECT = 2;

/** Since 5.19 events ask for it where they are on, or where anybody listens: one namespace's listener is all others' too. */
function eventsAsk(settings: ExtensionSettings, mode: number | undefined, byDefault: boolean): boolean | undefined {
  const { listener, elsewhere } = settings;
  if (byDefault || mode !== AUTODETECT) return mode === undefined ? undefined : mode !== 0;
  if (isHeard(settings)) return true;
  return listener.ok && elsewhere?.ok === true ? false : undefined;
}

function isHeard({ listener, elsewhere }: ExtensionSettings): boolean {
  return (listener.ok && listener.value) || (elsewhere?.ok === true && elsewhere.value);
}
