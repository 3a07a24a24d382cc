// The report for programs: nagios/check_conntrack.schema.json.

import type { Advice } from '../evaluate/advice.ts';
import { footprint, hashTableBytes } from '../evaluate/footprint.ts';
import { type Holdings, type Ranking, type Sampled, samplingError } from '../evaluate/holders.ts';
import type { Place } from '../evaluate/incident.ts';
import { METRIC_NAMES } from '../evaluate/metrics.ts';
import { addressWords, networkWords, protocolWords } from './address.ts';
import { stepOf } from './advice.ts';
import { faultWords } from './faults.ts';
import type { Findings } from './incident.ts';
import type { Listed } from './listing.ts';
import { namedBody } from './named-body.ts';
import { foreignPath } from './words.ts';

// As many as are told by name.
const MOST_NAMESPACES = 20;

export function reportBody(found: Findings): object {
  const { incident, sweep, listed, subject, drift, advice, sudo } = found;
  const others = sweep?.others ?? [];
  return {
    incident: {
      trouble: incident.trouble.replace(' ', '_'),
      table: tableBody(found),
      namespaces: incident.places.slice(0, MOST_NAMESPACES).map((place) => placeBody(found, place)),
      namespaces_found: 1 + others.length,
      namespaces_at_least: sweep?.sight.atLeast ?? 1,
      namespaces_unread: others.filter(({ entries }) => !entries.ok).length,
      kernel_log: logBody(found),
      drift: drift === '' ? null : drift,
      memory: memoryBody(found),
      advice: advice.map((one) => adviceBody(one, found)),
      sudo_adds: sudo,
    },
    list: { namespace: namedBody(found, subject), foreign: found.isForeign, ...listFigures(listed) },
  };
}

/** Of a list that is all there is. */
export function listBody(listed: Listed): object {
  return { incident: null, list: { namespace: null, foreign: false, ...listFigures(listed) } };
}

function tableBody({ facts: { generation, view, initialNamespace, max, buckets } }: Findings): object {
  return {
    generation,
    view,
    initial_namespace: initialNamespace,
    max,
    buckets: buckets.ok ? buckets.value : null,
  };
}

function logBody({ log }: Findings): object {
  if (!log.ok) return { fault: faultWords(log.fault) };
  const { lines, first, last, ago, namespaces } = log.value;
  return {
    source: foreignPath(log.source),
    lines,
    first: first ?? null,
    last: last ?? null,
    last_seconds_ago: ago ?? null,
    namespaces,
  };
}

function memoryBody({ facts: { max, buckets }, cost, incident, surroundings: { available } }: Findings): object | null {
  if (!cost.ok) return null;
  return {
    origin: cost.value.origin,
    slab_now_bytes: footprint(cost.value, incident.place.entries).total,
    slab_full_bytes: max === 0 ? null : footprint(cost.value, max).total,
    hash_table_bytes: buckets.ok ? hashTableBytes(buckets.value) : null,
    available_bytes: available.ok ? available.value.bytes : null,
  };
}

function adviceBody(advice: Advice, found: Findings): object {
  const { title, commands, instead, notes, files } = stepOf(advice, found);
  return { kind: advice.kind.replace(' ', '_'), title, commands, instead, notes, files };
}

function placeBody(found: Findings, { table, state, trouble, measurements, losses, growth }: Place): object {
  const values = METRIC_NAMES.flatMap((name) => {
    const measured = measurements[name];
    return measured.kind === 'value' ? [[name, measured.value] as const] : [];
  });
  return {
    ...namedBody(found, table),
    state,
    trouble,
    metrics: Object.fromEntries(values),
    losses: losses === undefined ? null : { seconds: losses.seconds, events: losses.events },
    growth_per_second: growth ?? null,
  };
}

function listFigures(listed: Listed): object {
  if (listed.kind === 'none') return { fault: faultWords(listed.fault) };
  const { source, holdings, cut } = listed;
  const { entries, unknown, ipv6, unreplied, assured, offloaded, nat, sourceNat, destinationNat } = holdings;
  return {
    source: foreignPath(source),
    complete: cut === undefined,
    sample: holdings.sample === undefined ? null : sampleBody(holdings.sample),
    entries,
    lines_not_understood: unknown,
    ipv6,
    unreplied,
    assured,
    offloaded,
    nat,
    source_nat: sourceNat,
    destination_nat: destinationNat,
    seconds_left: holdings.lives.map(({ below, entries: held }) => ({ below: below ?? null, entries: held })),
    ...Object.fromEntries(holdings.rankings.map((ranking) => [ranking.name, rankingBody(ranking)])),
    kinds: holdings.kinds.map(({ protocol, state, offloaded: is, entries: held }) => ({
      protocol,
      name: protocolWords(protocol),
      state: state === '' ? null : state,
      offloaded: is,
      entries: held,
    })),
    timeouts: timeoutsBody(holdings),
  };
}

function sampleBody(sample: Sampled): object {
  const { held, lines } = sample;
  return { lines: held, of_lines: lines, error_percentage_points: Number(samplingError(sample).toFixed(2)) };
}

function rankingBody({ name, holders, lacking, different }: Ranking): object {
  const top = holders.map(({ key, ipv6, entries }) => {
    const [first = 0] = key;
    if (name === 'ports') return { protocol: first >>> 16, port: first & 0xffff, entries };
    return { address: name === 'networks' ? networkWords(key, ipv6) : addressWords(key, ipv6), entries };
  });
  return { different, may_lack: lacking, top };
}

function timeoutsBody({ timeouts }: Holdings): readonly object[] {
  return timeouts.map(({ name, seconds, entries, longest, shorter, ended }) => ({
    name,
    seconds: seconds ?? null,
    entries,
    longest_seconds_left: longest,
    shorter_seconds: shorter ?? null,
    shorter_would_have_ended: ended,
  }));
}
