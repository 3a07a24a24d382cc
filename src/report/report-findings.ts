// The findings that a report is printed from.

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
  /** The tables that the log's lines are about; undefined if the log could not be read. */
  readonly spells: FullSpells | undefined;
  /** Losses that earlier checks have seen. */
  readonly recollection: Recollection;
  /** The table whose entries are listed. */
  readonly subject: Table;
  readonly listed: Listed;
  /** True if the list cannot be the table's: it is much shorter or longer. */
  readonly isForeign: boolean;
  /** True if the list comes from `--entries`. */
  readonly isGiven: boolean;
  /** Namespaces of this machine that addresses of the list belong to. */
  readonly owners: readonly AddressOwner[];
  /** Timeout policies of its rules, if they could be read. */
  readonly policies: readonly TimeoutPolicy[];
  /** A shortage of NAT ports, if packets are lost to clashes. */
  readonly shortage: Shortage;
  /** The source that fills the table; null if nothing stands out. */
  readonly main: MainSource | null;
  /** Incidents of the last 24 hours that checks have recorded. */
  readonly recent: readonly RecentIncident[];
  /** Seconds until an unanswered entry is evicted; undefined if none are evicted. */
  readonly survival: number | undefined;
  readonly advice: readonly Advice[];
  /** Signs of losses outside the tables, the worst first. */
  readonly leads: readonly Lead[];
  /** Parts of the report that need root; empty for root. */
  readonly sudo: readonly string[];
}
