// Whether a process listens for conntrack events (`conntrack -E`, conntrackd): since 5.19 the kernel adds an
// extension block to each entry while one does. `/proc/net/netlink`, readable by all, printed by
// netlink_native_seq_show() in net/netlink/af_netlink.c: sk Eth Pid Groups …, the groups a hex mask.

import type { Parsed } from './root.ts';

const HEADER = /^sk +Eth +Pid +Groups /;
/** A socket of NETLINK_NETFILTER, which is protocol 12. */
const NETFILTER_SOCKET = /^\S+ +12 +-?\d+ +([0-9a-f]+) /gm;
/** NFNLGRP_CONNTRACK_NEW, _UPDATE and _DESTROY of linux/netfilter/nfnetlink_compat.h. */
const CONNTRACK_GROUPS = 0b111;

export function parseEventListener(text: string): Parsed<boolean> {
  if (!HEADER.test(text)) return { ok: false, kind: 'malformed' };
  const masks = Array.from(text.matchAll(NETFILTER_SOCKET), ([, groups = '0']) => Number.parseInt(groups, 16));
  return { ok: true, value: masks.some((mask) => (mask & CONNTRACK_GROUPS) !== 0) };
}
