// A namespace as JSON names it.

import type { Identity, NamespaceTable } from '../facts.ts';
import { foreign } from './words.ts';

/** All null for the table that is looked at first. */
export function namedBody(
  { identities }: { readonly identities: ReadonlyMap<string, Identity> },
  table: NamespaceTable | undefined,
): object {
  const { process, container } = identities.get(table?.key ?? '') ?? {};
  return {
    key: table?.key ?? null,
    number: table?.number ?? null,
    mount: table?.mount === undefined ? null : foreign(table.mount.path),
    pid: process?.pid ?? null,
    command: process === undefined ? null : foreign(process.command),
    container: container === undefined ? null : { kind: container.kind, id: foreign(container.id) },
  };
}
