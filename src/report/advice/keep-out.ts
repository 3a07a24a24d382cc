// A source or network that fills a table is looked at, and kept out. The machine itself, the source of an ssh session,
// and a source of nearly all entries are only looked at.
//   When    it has half of the entries, or of what is added
//   Cost    all its connections
//   Undo    a table of its own; removed entries cannot be restored

import { type Action, nftChain, nftRule, nftTable, stepName } from '../../words/action.ts';
import { inNamespace } from '../../words/in-namespace.ts';
import { grouped } from '../../words/prose.ts';
import { percentWords } from '../../words/words.ts';
import { addressWords, networkWords } from '../list/address.ts';
import type { Holder } from '../list/ranking.ts';
import type { Spared } from './spared.ts';
import { isSince, lastingRules, PASSING, type Place, type Step, typedStep, withEitherTool } from './step.ts';
import { type Adds, addsWords } from './suspicion.ts';

interface Culprit {
  readonly holder: Holder;
  readonly of: number;
  /** True if an ssh session of the machine comes from there; undefined if not all sessions are known. */
  readonly hasSsh: boolean | undefined;
  /** Why nothing is to be dropped; undefined if it may be kept out. */
  readonly spared: Spared | undefined;
  /** Most entries have no reply: the source may be forged. */
  readonly maybeForged: boolean;
  /** Entries of the table that are in a zone. */
  readonly zoned: number;
}

export interface SourceAdvice extends Culprit {
  readonly kind: 'source';
  readonly adds?: Adds;
}

export interface NetworkAdvice extends Culprit {
  readonly kind: 'network';
  readonly adds: Adds;
}

export function sourceStep(advice: SourceAdvice, context: Place): Step {
  const { holder, of, adds, spared } = advice;
  const address = addressWords(holder.key, holder.ipv6);
  const share = `it has ${percentWords((100 * holder.entries) / of)} of the entries${addsWords(adds)}`;
  if (spared === 'own')
    return {
      title: `Find the process on this machine that sends from ${address}: ${share}.`,
      ...looked(
        [{ kind: 'look', line: 'ss -tunap' }],
        ['Lists the sockets and their processes. If there is none, each is closed at once: go on with the next step.'],
        context,
      ),
    };
  const rest = spared === undefined ? keptOut(address, advice, context) : lookedAt(address, spared, advice, context);
  return { title: `Find out what ${address} does: ${share}.`, ...rest };
}

export function networkStep(advice: NetworkAdvice, context: Place): Step {
  const { holder, of, adds, spared } = advice;
  const network = networkWords(holder.key, holder.ipv6);
  const share = `it has ${percentWords((100 * holder.entries) / of)} of the entries${addsWords(adds)}, and no single address has half of them`;
  const rest = spared === undefined ? keptOut(network, advice, context) : lookedAt(network, spared, advice, context);
  return { title: `Find out which hosts are in ${network}: ${share}.`, ...rest };
}

// ---- Looking ----

function looked(looks: readonly Action[], notes: readonly string[], context: Place): Omit<Step, 'title'> {
  return { ...typedStep(inNamespace(context), looks), notes, ...PASSING };
}

function lookedAt(from: string, spared: Spared, culprit: Culprit, context: Place): Omit<Step, 'title'> {
  const looks = spared === 'ssh' ? [sessionsWith(from)] : entriesOfAddress(from, culprit, context);
  return looked(looks, [sparedWords(from, spared, culprit)], context);
}

function sparedWords(from: string, spared: Spared, { zoned, of }: Culprit): string {
  switch (spared) {
    case 'own':
    case 'home':
      return `This machine has an address in ${from}: no rule against it is advised, because it would cut the machine off.`;
    case 'host':
      return `The host of this namespace has an address in ${from}: others may be translated to it, so no rule against it is advised.`;
    case 'ssh':
      return `An ssh session to this machine comes from ${from}: no rule against it is advised, because it would cut the session off.`;
    case 'unknown':
      return `The addresses of this machine could not be read, and ${from} may be one of them: no rule against it is advised.`;
    case 'everything':
      return `Nearly all entries are from there: a rule against ${from} would cut off everything. It may be a proxy, a NAT gateway, or the only network: find the program or the client that sends.`;
    case 'one_way':
      return `These connections are established and have no reply: only one direction of them passes here. ${from} may be the server that answers, and no rule against it is advised. Check the routes: packets go out one way and come back another.`;
    case 'zones':
      return `${grouped(zoned)} of ${grouped(of)} entries are in a zone, where the same address may be another tenant: no rule against ${from} is advised. A rule of your own must match the interface of that zone.`;
  }
}

/** Connections of this machine itself. */
export function sessionsWith(from: string): Action {
  const [address, ...mask] = from.split('/');
  const peer = from.includes(':') ? `'${[`[${address}]`, ...mask].join('/')}'` : from;
  return { kind: 'look', line: `ss -tnp state established dst ${peer}` };
}

/** conntrack(8) takes networks since 1.4.4, which kernels before 3.10 do not come with. */
function entriesOfAddress(from: string, { holder: { ipv6 } }: Culprit, context: Place): readonly Action[] {
  if (!takesFilter(from, context)) return [];
  return [{ kind: 'look', line: `conntrack -L ${ipv6 ? '-f ipv6 ' : ''}-s ${from} | head -n 20` }];
}

function takesFilter(from: string, context: Place): boolean {
  return !from.includes('/') || isSince(context.observation.machine, 3, 10);
}

// ---- Keeping out ----

function keptOut(from: string, culprit: SourceAdvice | NetworkAdvice, context: Place): Omit<Step, 'title'> {
  const { holder, hasSsh, kind, maybeForged } = culprit;
  const { ipv6 } = holder;
  const step = stepName(kind === 'source' ? 'source' : 'net', ...holder.key);
  const remove = addressRemoval(from, ipv6, context);
  const nft = nftTable(
    step,
    nftChain('prerouting', 'prerouting', -300),
    nftRule('prerouting', `${ipv6 ? 'ip6' : 'ip'} saddr ${from} counter drop`),
  );
  const iptables = {
    kind: 'iptables rule',
    step,
    tool: ipv6 ? 'ip6tables' : 'iptables',
    table: 'raw',
    chain: 'PREROUTING',
    rule: `-s ${from} -j DROP`,
  } as const;
  const looks = [...(hasSsh === undefined ? [sessionsWith(from)] : []), ...entriesOfAddress(from, culprit, context)];
  const cost =
    kind === 'source' ? `Cost: all connections of ${from}.` : 'Cost: all connections of every address in it.';
  return {
    ...withEitherTool(context, [...looks, nft, ...remove], [...looks, iptables, ...remove], [3, 14]),
    preconditions: [
      ...(hasSsh === undefined ? [unknownSessions(from)] : []),
      ...(maybeForged
        ? [
            `Most entries have no reply: the source may be forged. Do not block ${from} if this machine needs it, as a resolver or gateway.`,
          ]
        : []),
      tunnelWords(kind, from),
      `${looks.length === 0 ? 'These' : 'Look at what it sends first. The other'} commands block it: all its packets are dropped.`,
    ],
    notes: [`Its packets are dropped before they are tracked${removalWords(remove)} ${cost}`],
    ...lastingRules(context),
  };
}

/** The address of a session inside a tunnel is not the one that the tunnel comes from. */
function tunnelWords(kind: 'source' | 'network', from: string): string {
  return `If you reach this machine through a VPN or tunnel, its other end must not be ${kind === 'network' ? 'in ' : ''}${from}.`;
}

export function unknownSessions(from: string): string {
  return `The first command lists the connections of this machine with ${from}. Go on only if no ssh session is among them: not all sessions are known here.`;
}

export function addressRemoval(from: string, ipv6: boolean, context: Place): readonly Action[] {
  return takesFilter(from, context) ? [{ kind: 'removal', options: `${ipv6 ? '-f ipv6 ' : ''}-s ${from}` }] : [];
}

function removalWords(remove: readonly Action[]): string {
  return remove.length > 0 ? ', and its entries are removed.' : '; its entries stay until they time out.';
}
