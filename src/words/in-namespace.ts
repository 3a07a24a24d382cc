// The prefix of a command for another network namespace.

import type { Table } from '../model/table.ts';

/** A path that a shell takes unquoted. */
const TYPED = /^[\w./:@%+-]+$/;

/** The prefix that makes a command run in the table's namespace; empty for our own. */
export function inNamespace({ subject }: { readonly subject: Pick<Table, 'isOwn' | 'mount' | 'pids'> }): string {
  if (subject.isOwn) return '';
  const [, name] = /^(?:\/var)?\/run\/netns\/(\w[\w.-]*)$/.exec(subject.mount?.path ?? '') ?? [];
  if (name !== undefined) return `ip netns exec ${name} `;
  if (subject.pids[0] !== undefined) return `nsenter -t ${subject.pids[0]} -n `;
  // If there is no path to type, nsenter(1) has to fail: without it the command would run in our own namespace.
  const path = subject.mount?.path ?? '';
  return `nsenter --net=${TYPED.test(path) ? path : 'WHERE_IT_IS_MOUNTED'} `;
}
