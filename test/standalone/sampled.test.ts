// The same verdict from every line of a long list, which Node counts, and from the sample of it that the standalone
// executable takes.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NODE, RUN, TOP } from '../e2e/support/plugin.ts';
import { tree } from '../e2e/support/tree.ts';
import { LINES, LONG_LISTS } from './long-lists.ts';
import { run } from './support.ts';

const NET = 'proc/sys/net/netfilter';
const NODE_LINE = [NODE, join(TOP, 'dist/check_conntrack')];

interface Ranked {
  readonly address?: string;
  readonly port?: number;
  readonly entries: number;
}

interface Document {
  readonly state: string;
  readonly message: string;
  readonly report: {
    readonly incident: { readonly trouble: string; readonly advice: readonly { readonly kind: string }[] };
    readonly list: Readonly<Record<Ranking, { readonly top: readonly Ranked[] }>> & {
      readonly entries: number;
      readonly sample: { readonly error_percentage_points: number } | null;
    };
  };
}
type Ranking = 'sources' | 'networks' | 'destinations' | 'ports';
const RANKINGS: readonly Ranking[] = ['sources', 'networks', 'destinations', 'ports'];

/** A full table that has lost packets, with this list of its entries. */
function fullTable(list: string): string {
  const losing = [`${LINES.toString(16)} 00000000 00000400 00000000`, ''].join('\n');
  return tree('debian-12-synthetic', {
    [`${NET}/nf_conntrack_count`]: `${LINES}\n`,
    [`${NET}/nf_conntrack_max`]: `${LINES}\n`,
    'proc/net/stat/nf_conntrack': `entries insert_failed drop early_drop\n${losing}`,
    'proc/net/nf_conntrack': list,
  });
}

async function documentOf(line: readonly string[], root: string): Promise<Document> {
  const { stdout, stderr } = await run([...line, 'report', '--root', root, '--format', 'json']);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** Returns what must not differ: names and kinds, without figures. */
function verdictOf({ state, message, report: { incident, list } }: Document) {
  return {
    state,
    message: message.replace(/\babout |[\d,.]+/g, ''),
    trouble: incident.trouble,
    advice: incident.advice.map(({ kind }) => kind),
    entries: list.entries,
  };
}

/** Returns the share of each name of a ranking, in percent. */
function shares({ report: { list } }: Document, ranking: Ranking): ReadonlyMap<unknown, number> {
  return new Map(list[ranking].top.map((ranked) => [nameOf(ranked), (100 * ranked.entries) / list.entries]));
}

function nameOf({ address, port }: Ranked): string | number | undefined {
  return address ?? port;
}

test.each(LONG_LISTS)('%s', async (_, list) => {
  const root = fullTable(list());
  const [whole, sampled] = await Promise.all([documentOf(NODE_LINE, root), documentOf(RUN, root)]);
  expect(verdictOf(sampled)).toEqual(verdictOf(whole));
  const { sample } = sampled.report.list;
  expect(whole.report.list.sample).toBe(null);
  // The printed error holds 19 times out of 20.
  const error = 2 * (sample?.error_percentage_points ?? 0);
  expect(error).toBeGreaterThan(0);
  for (const ranking of RANKINGS) {
    const exact = shares(whole, ranking);
    const about = shares(sampled, ranking);
    // The last name of a ranking may be any of those that have about as much.
    const last = Math.max(0, Math.min(...about.values())) + error;
    for (const [name, share] of exact) {
      const sampledShare = about.get(name) ?? (share < last ? share : 0);
      expect(Math.abs(sampledShare - share), `${ranking} ${name}`).toBeLessThan(error);
    }
  }
});
