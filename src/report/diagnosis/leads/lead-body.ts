// Leads in JSON.

import type { State } from '../../../evaluate/state.ts';
import type { InPlace } from '../../../words/body-types.ts';
import type { Evaluated } from '../../../words/message.ts';
import { type NamespaceBody, namespaceBody } from '../../../words/namespace-body.ts';
import { type InvalidBody, invalidBody } from './invalid-body.ts';
import { formOf, type Lead, tableOf } from './leads.ts';

export interface LeadBody {
  readonly kind: InPlace<Lead['kind']>;
  readonly state: State;
  /** null for the machine as a whole */
  readonly namespace: NamespaceBody | null;
  /** between the two looks; null where it is no rate */
  readonly per_second: number | null;
  /** a sentence without its full stop */
  readonly text: string;
  readonly notes: readonly string[];
  readonly commands: readonly string[];
  /** null for other kinds */
  readonly invalid: InvalidBody | null;
}

export function leadBody(lead: Lead, evaluated: Evaluated): LeadBody {
  const { clause, notes } = formOf(lead);
  const printed = notes(lead, evaluated);
  const table = tableOf(lead);
  return {
    kind: lead.kind,
    state: lead.state,
    namespace: table === undefined ? null : namespaceBody(evaluated.identities, table),
    per_second: 'perSecond' in lead && lead.perSecond > 0 ? lead.perSecond : null,
    text: clause(lead, evaluated),
    notes: printed.map(({ words }) => words),
    commands: printed.flatMap(({ commands }) => commands),
    invalid: lead.kind === 'invalid' ? invalidBody(lead) : null,
  };
}
