// Whether a process listens for conntrack events (`conntrack -E`, conntrackd): since 5.19 the kernel adds an
// extension block to each entry while one does. `/proc/net/netlink`, readable by all, printed by
// netlink_seq_show() in net/netlink/af_netlink.c: sk Eth Pid Groups …, the groups a hex mask.

import type { Parsed } from './root.ts';

const NETLINK_NETFILTER = '12';
/** NFNLGRP_CONNTRACK_NEW, _UPDATE and _DESTROY of linux/netfilter/nfnetlink_compat.h. */
const CONNTRACK_GROUPS = 0b111;

export function parseEventListener(bytes: Buffer): Parsed<boolean> {
  const [header = '', ...lines] = bytes.toString('latin1').trim().split('\n');
  const columns = header.trim().split(/\s+/);
  const [protocol, groups] = [columns.indexOf('Eth'), columns.indexOf('Groups')];
  if (protocol === -1 || groups === -1) return { ok: false, kind: 'malformed' };
  const listens = lines
    .map((line) => line.trim().split(/\s+/))
    .some((row) => row[protocol] === NETLINK_NETFILTER && (Number.parseInt(row[groups] ?? '0', 16) & CONNTRACK_GROUPS) !== 0);
  return { ok: true, value: listens };
}
