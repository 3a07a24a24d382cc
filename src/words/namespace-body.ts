// A namespace in JSON.

import type { Identities, Namespace } from '../model/table.ts';
import type { Count } from './body-types.ts';
import { foreign } from './words.ts';

/** All null for the namespace that the command runs in or is about. */
export interface NamespaceBody {
  /** constant for a namespace within one boot; null for the one that the command is about */
  readonly key: string | null;
  /** N of net:[N] */
  readonly number: Count | null;
  /** the path of the mount that keeps it */
  readonly mount: string | null;
  /** the oldest process in it */
  readonly pid: Count | null;
  /** the name of that process */
  readonly command: string | null;
  readonly container: { readonly kind: 'pod' | 'container'; readonly id: string } | null;
}

const OWN: NamespaceBody = { key: null, number: null, mount: null, pid: null, command: null, container: null };

export function namespaceBody(identities: Identities, { isOwn, key, number, mount }: Namespace): NamespaceBody {
  if (isOwn) return OWN;
  const { process, container } = identities.get(key) ?? {};
  return {
    key,
    number: number ?? null,
    mount: mount === undefined ? null : foreign(mount.path),
    pid: process?.pid ?? null,
    command: process === undefined ? null : foreign(process.command),
    container: container === undefined ? null : { kind: container.kind, id: foreign(container.id) },
  };
}
