// Who adds entries, and not who has them: floods beside a table's idle majority, each with its truth measured by rules and
// counters of their own, and each advised command typed as it is printed, while the flood goes on.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Answer, command, ENV, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { inside, keepBuckets, limitTo, processInside, toolCount, toolCounter, trackingNamespace } from './namespace.ts';
import { liveSuite } from './parts.ts';

const FLOOD = join(__dirname, 'flood.pl');
const PARTS = [
  ...['/usr/sbin/conntrack', '/usr/sbin/iptables', '/usr/sbin/nft', '/usr/sbin/ip', '/usr/sbin/sysctl'],
  ...['/usr/bin/perl', '/usr/bin/nsenter'],
];
const [SENDER, TARGET] = ['203.0.113.9', '203.0.113.1'];
const FORMS = ['commands', 'instead'] as const;

interface Step {
  readonly kind: string;
  readonly title: string;
  readonly commands: readonly string[];
  readonly instead: readonly string[];
  readonly notes: readonly string[];
}

interface Added {
  readonly address?: string;
  readonly port?: number;
  readonly entries: number;
  readonly added: number;
}

interface Report {
  readonly incident: { readonly trouble: string; readonly advice: readonly Step[] };
  readonly list: {
    readonly entries: number;
    readonly zoned: number;
    readonly arrivals: {
      readonly kind: string;
      readonly seconds: number;
      readonly counted: number;
      readonly lines: number;
      readonly added: number;
      readonly sources: readonly Added[];
      readonly networks: readonly Added[];
      readonly ports: readonly Added[];
    };
  };
}

function report(pid: number): Report {
  const answer = command(ENV, [...RUN, 'report', '--format', 'json', '--pid', String(pid)]);
  expect(answer.stderr).toBe('');
  return JSON.parse(answer.stdout).report;
}

function kinds({ incident }: Report): readonly string[] {
  return incident.advice.map(({ kind }) => kind);
}

function step({ incident }: Report, kind: string): Step {
  const found = incident.advice.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no advice: ${kind}`);
  return found;
}

function type(lines: readonly string[]): void {
  expect(lines).not.toEqual([]);
  for (const line of lines) expect(command('/bin/sh', ['-c', line]), line).toMatchObject({ status: 0 });
}

function done(answer: Answer): void {
  expect(answer).toMatchObject({ status: 0 });
}

interface Stage {
  readonly sender: string;
  readonly namespace: string;
  /** A process in the namespace. */
  readonly pid: number;
}

/** A sender that tracks nothing, and a target whose table is looked at, and which lets anybody's packets in. */
async function stage(): Promise<Stage> {
  const [sender, namespace] = [trackingNamespace(), trackingNamespace()];
  done(inside(sender, 'nft', 'flush', 'ruleset'));
  const [far, near] = ['02:00:00:00:00:02', '02:00:00:00:00:01'];
  const peer = ['peer', 'name', 'near', 'address', near, 'netns', namespace];
  done(command('ip', ['link', 'add', 'far', 'address', far, 'netns', sender, 'type', 'veth', ...peer]));
  for (const [where, address, device, other, neighbour] of [
    [sender, SENDER, 'far', TARGET, near],
    [namespace, TARGET, 'near', SENDER, far],
  ] as const) {
    done(inside(where, 'ip', 'addr', 'add', `${address}/24`, 'dev', device));
    done(inside(where, 'ip', 'link', 'set', device, 'up'));
    done(inside(where, 'ip', ...`neigh add ${other} lladdr ${neighbour} dev ${device} nud permanent`.split(' ')));
  }
  done(inside(namespace, 'ip', 'route', 'add', 'default', 'via', SENDER));
  done(inside(namespace, 'sysctl', '-q', '-w', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.near.rp_filter=0'));
  const pid = await processInside(namespace);
  return { sender, namespace, pid };
}

/** Without an end; comes back when it has begun. */
async function flood({ sender }: Stage, kind: 'syn' | 'udp', sources: string, port: number, rate: number) {
  const line = ['netns', 'exec', sender, 'perl', FLOOD, kind, sources, TARGET, String(port), String(rate)];
  const child = spawn('ip', line, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

/** Connections to a database that have been idle for so long. */
function idle({ namespace }: Stage, count: number, seconds = 1000): void {
  const line = (at: number): string => {
    const [source, port] = [`10.2.${(at >> 8) % 4}.${at & 255}`, 1024 + (at % 60_000)];
    const reply = `-r 10.3.0.1 -q ${source} --reply-port-src 5432 --reply-port-dst ${port}`;
    const flow = `-p tcp --state ESTABLISHED -u SEEN_REPLY,ASSURED -s ${source} -d 10.3.0.1 --sport ${port} --dport 5432`;
    return `-A -t ${432_000 - seconds} ${flow} ${reply}\n`;
  };
  const list = join(scratch(), 'idle');
  writeFileSync(list, Array.from({ length: count }, (_, at) => line(at)).join(''));
  inside(namespace, 'conntrack', '-R', list);
  expect(toolCount(namespace)).toBe(count);
}

/** Packets that a rule in front of everything has counted, by a match of nft(8). */
function counter({ namespace }: Stage, match: string): () => number {
  const chain = '{ type filter hook prerouting priority -400; }';
  done(inside(namespace, 'nft', `add table inet truth; add chain inet truth packets ${chain}`));
  done(inside(namespace, 'nft', `add rule inet truth packets ${match} counter`));
  return () => {
    const { stdout } = inside(namespace, 'nft', 'list', 'chain', 'inet', 'truth', 'packets');
    return Number(/counter packets (\d+)/.exec(stdout)?.[1]);
  };
}

/** Dropped, and removed to make room. */
function roomless({ namespace }: Stage): number {
  return toolCounter(namespace, 'drop') + toolCounter(namespace, 'early_drop');
}

/** How many have no room in so many milliseconds. */
async function roomlessIn(scene: Stage, milliseconds: number): Promise<number> {
  const before = roomless(scene);
  await pause(milliseconds);
  return roomless(scene) - before;
}

function idleCount({ namespace }: Stage): number {
  const { stdout } = inside(namespace, 'conntrack', '-L', '-p', 'tcp', '--dport', '5432');
  return stdout.split('\n').filter(Boolean).length;
}

async function untilRoomless(scene: Stage): Promise<void> {
  while (roomless(scene) === 0) await pause(50);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

type Ending = readonly [kind: string, most: number, and?: () => void];

/** Typed while the flood goes on each of them ends the loss, in both forms; what is undone makes it come back. */
async function eachEnds(scene: Stage, told: Report, endings: readonly Ending[], also: readonly string[] = []) {
  for (const [kind, most, and = () => undefined] of endings)
    for (const form of FORMS) {
      type([...step(told, kind)[form], ...also]);
      await pause(200);
      expect(await roomlessIn(scene, 1000), `${kind}, ${form}`).toBe(0);
      expect(toolCount(scene.namespace), `${kind}, ${form}`).toBeLessThanOrEqual(most);
      and();
      type(undoing(step(told, kind), form));
      while ((await roomlessIn(scene, 100)) === 0);
    }
}

/** As the notes say. */
function undoing(one: Step, form: (typeof FORMS)[number]): readonly string[] {
  const rules = one.instead.filter((line) => line.includes('tables ')).map((line) => line.replace(' -I ', ' -D '));
  if (form === 'instead') return rules;
  const [, line = ''] = /To undo it all: (.*)/.exec(one.notes.join('\n')) ?? [];
  return [line];
}

liveSuite('who adds entries', PARTS, () => {
  test('idle connections and one flooder: kept out, or held to a number', async () => {
    const scene = await stage();
    idle(scene, 1500);
    limitTo(2000);
    const sent = counter(scene, `ip saddr ${SENDER}`);
    await flood(scene, 'udp', SENDER, 53, 1500);
    await untilRoomless(scene);
    const told = report(scene.pid);
    expect(sent()).toBeGreaterThan(1000);
    expect(idleCount(scene)).toBe(1500);

    expect(told.incident.trouble).toBe('losing');
    const { arrivals } = told.list;
    expect(arrivals.kind).toBe('new');
    expect(arrivals.sources[0]).toMatchObject({ address: SENDER, added: arrivals.added });
    expect(arrivals.ports.find(({ port }) => port === 5432)).toMatchObject({ entries: 1500, added: 0 });
    expect(arrivals.ports.find(({ port }) => port === 53)).toMatchObject({ added: arrivals.added });
    expect(step(told, 'source').title).toMatch(/^Ask what 203\.0\.113\.9 does: .* 100\.0% of the new ones/);
    for (const { kind, title } of told.incident.advice)
      if (kind === 'notrack') expect(title).toMatch(/^Do not track udp port 53:/);

    await eachEnds(scene, told, [
      ['source', 1500],
      ['source_limit', 1601],
    ]);
    expect(idleCount(scene)).toBe(1500);
  });

  test('of a long list a part: the flooder, and about how many it adds', async () => {
    const scene = await stage();
    idle(scene, 60_000);
    limitTo(200_000);
    await flood(scene, 'udp', SENDER, 53, 3000);
    await pause(300);
    const [before, began] = [toolCount(scene.namespace), Date.now()];
    const { list } = report(scene.pid);
    const truth = ((toolCount(scene.namespace) - before) / (Date.now() - began)) * 1000;
    const { arrivals } = list;
    expect(arrivals).toMatchObject({ kind: 'new' });
    expect(arrivals.lines).toBeLessThan(list.entries / 2);
    expect(arrivals.sources[0]).toMatchObject({ address: SENDER, added: arrivals.added });
    // The scatter of a part, and of the forger's own rate on a busy machine.
    expect(arrivals.added / arrivals.seconds / truth).toBeGreaterThan(0.75);
    expect(arrivals.added / arrivals.seconds / truth).toBeLessThan(1.33);
  });

  test('where all of them are to be served: the limit that is advised holds for as long as an entry rests', async () => {
    const scene = await stage();
    keepBuckets();
    limitTo(2000);
    await flood(scene, 'udp', 'any', 53, 500);
    await untilRoomless(scene);
    type(step(report(scene.pid), 'raise').commands);
    await pause(500);
    // Entries rest for 30 s, and are collected some time later.
    expect(await roomlessIn(scene, 45_000)).toBe(0);
    expect(toolCount(scene.namespace)).toBeGreaterThan(8000);
  }, 90_000);

  test('a SYN flood with forged sources is called one: synproxy, or so many a second', async () => {
    const scene = await stage();
    await serve(scene);
    limitTo(2000);
    await flood(scene, 'syn', 'any', 443, 1500);
    await untilRoomless(scene);
    const told = report(scene.pid);
    expect(kinds(told)).toEqual(expect.arrayContaining(['synproxy', 'rate_limit', 'free']));
    for (const kind of ['source', 'network', 'notrack']) expect(kinds(told)).not.toContain(kind);
    const target = `port 443 of ${TARGET}`;
    expect(step(told, 'synproxy').title).toBe(
      `Let only completed connections to ${target} have an entry: likely a SYN flood with forged sources.`,
    );
    // Half of 2000 in the 60 s that SYN_RECV has.
    expect(step(told, 'rate_limit').title).toContain(`Or admit 16 new connections/s to ${target}, and no more`);

    const free = step(told, 'free').commands;
    const clientsGetIn = () => expect(connected(scene, 20)).toBe(20);
    await eachEnds(
      scene,
      told,
      [
        ['synproxy', 50, clientsGetIn],
        ['rate_limit', 200],
      ],
      free,
    );
  });

  test('a network of which no address does much: kept out, or held to a number', async () => {
    const scene = await stage();
    idle(scene, 40);
    limitTo(2000);
    await flood(scene, 'udp', '198.51.100.0/24', 53, 1500);
    await untilRoomless(scene);
    const told = report(scene.pid);
    expect(kinds(told)).not.toContain('source');
    const { networks, added } = told.list.arrivals;
    expect(networks[0]).toMatchObject({ address: '198.51.100.0/24', added });
    expect(step(told, 'network').title).toMatch(/^Ask who is in 198\.51\.100\.0\/24: .* 100\.0% of the new ones/);
    await eachEnds(scene, told, [
      ['network', 40],
      ['source_limit', 141],
    ]);
    expect(idleCount(scene)).toBe(40);
  });

  test('in a zone a port is not to be tracked only where its zone is set', async () => {
    const scene = await stage();
    const { namespace } = scene;
    const chain = '{ type filter hook prerouting priority -300; }';
    done(inside(namespace, 'nft', `add table inet zones; add chain inet zones before ${chain}`));
    done(inside(namespace, 'nft', 'add rule inet zones before ct zone set 7'));
    limitTo(2000);
    await flood(scene, 'udp', 'any', 53, 1500);
    await untilRoomless(scene);
    const told = report(scene.pid);
    expect(told.list.zoned).toBe(told.list.entries);
    const advised = step(told, 'notrack');
    expect(advised.commands).toEqual([]);
    expect(advised.notes.join(' ')).toContain('udp dport 53 notrack accept');

    // What would be advised without zones has no effect, whether it comes first or last.
    for (const priority of [-310, -290]) {
      const name = `plain${-priority}`;
      const plain = `{ type filter hook prerouting priority ${priority}; }`;
      done(inside(namespace, 'nft', `add table inet ${name}; add chain inet ${name} p ${plain}`));
      done(inside(namespace, 'nft', `add rule inet ${name} p udp dport 53 notrack`));
    }
    expect(await roomlessIn(scene, 500)).toBeGreaterThan(100);
    const [, rule = ''] = /front of that rule: (\S+ \S+ \d+ notrack accept)/.exec(advised.notes.join(' ')) ?? [];
    done(inside(namespace, 'nft', `insert rule inet zones before ${rule}`));
    done(inside(namespace, 'conntrack', '-F'));
    expect(await roomlessIn(scene, 1000)).toBe(0);
    expect(toolCount(namespace)).toBe(0);
  });

  test('connections that have been silent for long are removed at once', async () => {
    const scene = await stage();
    idle(scene, 1900, 200_000);
    limitTo(2000);
    const told = report(scene.pid);
    expect(kinds(told)).not.toContain('notrack');
    const free = step(told, 'free');
    expect(free.commands).toEqual([
      `ip netns exec ${scene.namespace} conntrack -D -p tcp --state ESTABLISHED --dport 5432 >/dev/null`,
    ]);
    expect(free.notes[0]).toContain('Those that still live end');
    type(free.commands);
    expect(toolCount(scene.namespace)).toBe(0);
  });
});

/** Takes connections at port 443, and says a word to each. */
async function serve({ namespace }: Stage): Promise<void> {
  const script = `require('node:net').createServer((one) => one.on('error', () => undefined).end('hello'))
    .listen(443, '${TARGET}', 511, () => process.stdout.write('ready'))`;
  const line = ['netns', 'exec', namespace, process.execPath, '-e', script];
  const child = spawn('ip', line, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

/** Of so many genuine clients, how many hear that word. */
function connected({ sender }: Stage, clients: number): number {
  const script = `let heard = 0;
    for (let at = 0; at < ${clients}; at++)
      require('node:net').connect(443, '${TARGET}').on('data', () => { heard += 1; }).on('error', () => undefined);
    setTimeout(() => { process.stdout.write(String(heard)); process.exit(); }, 2000);`;
  return Number(inside(sender, process.execPath, '-e', script).stdout);
}
