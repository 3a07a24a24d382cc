// A list from another machine: its sources and destinations, without a verdict.

import { openCaptured } from './list/entry-feed.ts';
import { entriesWords, listLines } from './list/listing.ts';
import { readList } from './list/read-list.ts';
import { listBody } from './report-body.ts';
import { type ReportContext, type Reported, reportedFailure } from './reported.ts';

export async function reportOfList(context: ReportContext): Promise<Reported> {
  const { options, deadline } = context;
  const opened = openCaptured(options.entries ?? '-');
  if ('fault' in opened) return reportedFailure(opened.fault);
  const { emptyFault, withNew } = await readList(opened.feed, undefined, context);
  if (deadline.left() <= 0) return reportedFailure({ kind: 'timeout', source: opened.feed.source });
  const listed = withNew(() => undefined);
  if (listed.kind === 'none' || emptyFault !== undefined)
    return reportedFailure(emptyFault ?? { kind: 'empty', source: opened.feed.source });
  const of = `a list of ${entriesWords(listed.holdings)}`;
  return {
    state: 'ok',
    text: `${of}; which table they belong to is unknown (use --root DIR)`,
    lines: ['', ...listLines(listed)],
    first: [],
    body: listBody(listed),
    look: undefined,
    seen: undefined,
    reading: 0,
    main: null,
  };
}
