// A root whose tools get no more than a moment: a report has no deadline of its own, and a tool that asks a daemon may
// wait for it for ever.

import type { Root } from './root.ts';

/** Whoever runs into that end is told by the tool's failure; the root's own deadline has not passed. */
export function hurried(root: Root, milliseconds: number): Root {
  const end = root.deadline.elapsed() + milliseconds;
  const left = () => Math.min(root.deadline.left(), end - root.deadline.elapsed());
  return { ...root, deadline: { left, elapsed: () => root.deadline.elapsed() } };
}
