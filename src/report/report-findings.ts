// Everything that a report is printed from.

import type { MainSource } from '../history/incident-record.ts';
import type { TimeoutPolicy } from '../kernel/rules/timeout-policies.ts';
import type { Reading } from '../model/fault.ts';
import type { FullLog, FullSpells } from '../model/full-log.ts';
import type { Table } from '../model/table.ts';
import type { Evaluated } from '../words/message.ts';
import type { Advice } from './advice/advice.ts';
import type { AddressOwner } from './diagnosis/address-owners.ts';
import type { Diagnosis } from './diagnosis/diagnosis.ts';
import type { Lead } from './diagnosis/leads/leads.ts';
import type { Shortage } from './diagnosis/nat-ports.ts';
import type { Recollection } from './diagnosis/recollection.ts';
import type { Listed } from './list/listing.ts';
import type { RecentIncident } from './recent-incidents.ts';

export interface ReportFindings extends Evaluated {
  readonly diagnosis: Diagnosis;
  readonly log: Reading<FullLog>;
  /** The tables that its lines are of; undefined if it could not be read. */
  readonly spells: FullSpells | undefined;
  /** What earlier checks have seen. */
  readonly recollection: Recollection;
  /** Whose entries are listed. */
  readonly subject: Table;
  readonly listed: Listed;
  /** True if the list cannot be the table's: it is much shorter or longer. */
  readonly isForeign: boolean;
  /** True if the list comes from `--entries`. */
  readonly isGiven: boolean;
  /** Namespaces of this machine that addresses of the list belong to. */
  readonly owners: readonly AddressOwner[];
  /** Timeout policies of its rules, as far as they are known. */
  readonly policies: readonly TimeoutPolicy[];
  /** Whether NAT is short of ports, where packets are lost to clashes. */
  readonly shortage: Shortage;
  /** Who fills the table, in one name; null if nothing stands out. */
  readonly main: MainSource | null;
  /** Incidents of the last 24 hours that checks have recorded. */
  readonly recent: readonly RecentIncident[];
  /** Seconds that an entry without an answer stays before it is evicted; undefined where none are. */
  readonly survival: number | undefined;
  readonly advice: readonly Advice[];
  /** What points to a loss outside of the tables, the gravest first. */
  readonly leads: readonly Lead[];
  /** What root would add; empty for root. */
  readonly sudo: readonly string[];
}
