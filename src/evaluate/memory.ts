// Slab memory of the tables: of the present entries, of a full table, and the certainty of each.

import type { Machine } from '../model/machine.ts';
import type { Table } from '../model/table.ts';
import type { Certainty } from './extensions.ts';
import { certaintyOf, costElsewhere, type Footprint, footprint, footprintOf, type ObjectCost } from './footprint.ts';

/** Memory of one table, in bytes. */
export interface TableMemory {
  /** The cost of an entry of this table. */
  readonly cost: ObjectCost;
  readonly now: Footprint;
  /** Undefined if there is no limit. */
  readonly full: Footprint | undefined;
}

/** Memory of all tables that were read, in bytes. */
export interface AllMemory {
  readonly now: Footprint;
  readonly certainty: Certainty;
  /** The certainty that each full table uses as much as our own would. */
  readonly certaintyOfEach: Certainty;
}

/** `ownCost` is the cost of an entry of our own table. */
export function tableMemory(machine: Machine, ownCost: ObjectCost, table: Table): TableMemory {
  const cost = costElsewhere(machine, ownCost, table);
  const full = table.limit === 0 ? undefined : footprint(cost, table.limit);
  return { cost, now: footprint(cost, table.entries), full };
}

export function allMemory(machine: Machine, ownCost: ObjectCost, tables: readonly Table[]): AllMemory {
  return {
    now: footprintOf(machine, ownCost, tables),
    certainty: certaintyOf(machine, ownCost, tables),
    certaintyOfEach: certaintyOfEach(machine, ownCost, tables),
  };
}

function certaintyOfEach(machine: Machine, own: ObjectCost, tables: readonly Table[]): Certainty {
  const costs = tables.map((table) => costElsewhere(machine, own, table));
  if (costs.every(({ certainty, extension }) => certainty === 'exact' && extension === own.extension)) return 'exact';
  return own.extension === 0 || own.certainty === 'at_least' ? 'at_least' : 'up_to';
}
