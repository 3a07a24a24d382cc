// Listeners for conntrack events (`conntrack -E`, conntrackd): since 5.19 the kernel adds an extension block to each
// entry while there is one. `/proc/net/netlink`, readable by every user, printed by netlink_native_seq_show() in
// net/netlink/af_netlink.c: sk Eth Pid Groups …, the groups as a hex mask. Separate from listeners.ts, which a plain
// check does not load.

import type { Parsed } from '../root.ts';

export const NETLINK_LIMIT = 1 << 22;
const HEADER = ['sk', 'Eth', 'Pid', 'Groups'];
/** NETLINK_NETFILTER of linux/netlink.h. */
const NETFILTER = '12';
/** NFNLGRP_CONNTRACK_NEW, _UPDATE and _DESTROY of linux/netfilter/nfnetlink_compat.h. */
const CONNTRACK_GROUPS = 0b111;

export function parseEventListener(text: string): Parsed<boolean> {
  const [header = [], ...sockets] = text.split('\n').map((line) => line.split(' ').filter(Boolean));
  if (!HEADER.every((name, at) => header[at] === name)) return { ok: false, kind: 'malformed' };
  const masks = sockets.map(([, protocol, , groups = '']) =>
    protocol === NETFILTER ? Number.parseInt(groups, 16) : 0,
  );
  return { ok: true, value: masks.some((mask) => (mask & CONNTRACK_GROUPS) !== 0) };
}
