// The part of the check for --netns all: the owners of the namespaces that it prints. Loaded only then.

import type { Format } from '../cli/options.ts';
import type { Evaluation } from '../evaluate/evaluate.ts';
import { identify } from '../kernel/namespaces/identity.ts';
import type { Root } from '../kernel/root.ts';
import type { Identities, Namespace } from '../model/table.ts';
import { MOST_LISTED, MOST_NAMED } from '../words/namespaces.ts';

export { everywhereDetails, everywhereText } from '../words/namespaces.ts';

interface Options {
  readonly verbosity: number;
  readonly format: Format;
}

// Finding the owner of a namespace takes longer than reading its table.
export function identitiesTold(root: Root, evaluation: Evaluation, { verbosity, format }: Options): Identities {
  const { observation, results, remarkable, fullest } = evaluation;
  const listed = verbosity > 0 || format !== 'nagios' ? MOST_LISTED : 0;
  const fuller = fullest.slice(0, 1).filter(({ table }) => table.entries > results[0].table.entries);
  const tables = [...remarkable.slice(0, MOST_NAMED), ...fuller, ...fullest.slice(0, listed)].map(({ table }) => table);
  const namespaces: readonly Namespace[] = [...tables, ...observation.unread.slice(0, listed)];
  return new Map(namespaces.map((namespace) => [namespace.key, identify(root, namespace)]));
}
