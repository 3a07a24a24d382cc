// Namespaces of the machine by their addresses, so that a source or destination is named by its pod, container or netns.

import { isLoopback, isOwnAddress, readOwnAddresses } from '../../kernel/namespaces/own-addresses.ts';
import type { Root } from '../../kernel/root.ts';
import type { Table } from '../../model/table.ts';
import type { Holdings } from '../list/holders.ts';

/** An address of the list, and the one namespace that has it. */
export interface AddressOwner {
  /** 32-bit words. */
  readonly address: readonly number[];
  readonly ipv6: boolean;
  readonly table: Table;
}

// Each is one read of the kernel's routes.
const MOST_NAMESPACES_READ = 256;

/** Owners of the addresses with most entries, in their order. An address of several namespaces names none of them. */
export function readAddressOwners(root: Root, tables: readonly Table[], holdings: Holdings): readonly AddressOwner[] {
  if (root.view === 'captured') return [];
  const addresses = tables
    .slice(0, MOST_NAMESPACES_READ)
    .map((table) => ({ table, own: readOwnAddresses(root, table) }));
  const { sources, destinations } = holdings.rankings;
  // Every namespace has the loopback addresses.
  const others = [...sources.holders, ...destinations.holders].filter((holder) => !isLoopback(holder));
  const wanted = new Map(others.map((holder) => [holder.key.join(), holder]));
  return Array.from(wanted.values()).flatMap(({ key, ipv6 }) => {
    const [owner, ...otherOwners] = addresses.filter(({ own }) => isOwnAddress(own, { key, ipv6 }) === true);
    return owner === undefined || otherOwners.length > 0 ? [] : [{ address: key, ipv6, table: owner.table }];
  });
}
