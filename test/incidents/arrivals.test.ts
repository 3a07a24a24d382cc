// The sources that add entries, as opposed to those that hold them: floods into a table of mostly idle entries,
// measured independently by rules and counters. Each advised command is typed as printed while the flood goes on.

import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HASHSIZE, inside, keep, limitTo, toolCount } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import {
  background,
  counter,
  done,
  expectLosses,
  flood,
  idle,
  idleCount,
  lostByClients,
  reportOn,
  roomlessIn,
  SENDER,
  STAGE_PARTS,
  type Stage,
  settingsOf,
  stage,
  TARGET,
  untilRoomless,
} from './stage.ts';
import { FORMS, kinds, type Report, step, type } from './told.ts';

type Ending = readonly [kind: string, most: number, and?: () => void];

/**
 * Types each step, in both forms, while the flood goes on: it ends the loss. The printed undo brings the loss back, and
 * restores rules and sysctls.
 */
async function eachEnds(scene: Stage, told: Report, endings: readonly Ending[], also: readonly string[] = []) {
  const before = settingsOf(scene.namespace);
  for (const [kind, most, and = () => undefined] of endings)
    for (const [form, undo] of FORMS) {
      type([...step(told, kind)[form], ...also]);
      expect(settingsOf(scene.namespace), `${kind}, ${form}`).not.toBe(before);
      await pause(200);
      const [roomless, lost] = await Promise.all([roomlessIn(scene, 1000), lostByClients(scene, 30)]);
      expect({ roomless, lost }, `${kind}, ${form}`).toEqual({ roomless: 0, lost: 0 });
      expect(toolCount(scene.namespace), `${kind}, ${form}`).toBeLessThanOrEqual(most);
      and();
      type(step(told, kind)[undo]);
      expect(settingsOf(scene.namespace), `${kind}, ${undo}`).toBe(before);
      while ((await roomlessIn(scene, 100)) === 0);
    }
}

liveSuite('who adds entries', STAGE_PARTS, () => {
  test('idle connections and one flooder: kept out, or limited', async () => {
    const scene = await stage();
    idle(scene, 1500);
    limitTo(2000);
    const sent = counter(scene, `ip saddr ${SENDER}`);
    // The kernel searches 8 of 262144 buckets for an entry to evict, so that one packet in 65 gets in: enough to be
    // seen.
    await flood(scene, 'udp', SENDER, 53, 4000);
    await untilRoomless(scene);
    await expectLosses(scene);
    const told = await reportOn(scene);
    expect(sent()).toBeGreaterThan(1000);
    expect(idleCount(scene)).toBe(1500);

    expect(told.incident.trouble).toBe('losing');
    const { arrivals } = told.list;
    expect(arrivals.kind).toBe('new');
    expect(arrivals.sources[0]).toMatchObject({ address: SENDER, added: arrivals.added });
    expect(arrivals.ports.find(({ port }) => port === 5432)).toMatchObject({ entries: 1500, added: 0 });
    expect(arrivals.ports.find(({ port }) => port === 53)).toMatchObject({ added: arrivals.added });
    expect(step(told, 'source').title).toMatch(/^Find out what 203\.0\.113\.9 does: .* 100\.0% of the new ones/);
    for (const { kind, title } of told.incident.advice)
      if (kind === 'notrack') expect(title).toMatch(/^Stop tracking udp port 53:/);

    await eachEnds(scene, told, [
      ['source', 1500],
      ['source_limit', 1701],
    ]);
    expect(idleCount(scene)).toBe(1500);
  });

  test('a sample of a long list: the flooder, and about how many entries it adds', async () => {
    const scene = await stage();
    idle(scene, 60_000);
    limitTo(200_000);
    const sent = counter(scene, 'udp dport 53');
    await flood(scene, 'udp', SENDER, 53, 3000);
    await pause(300);
    const [before, began] = [sent(), Date.now()];
    const { list } = await reportOn(scene);
    const truth = ((sent() - before) / (Date.now() - began)) * 1000;
    const { arrivals } = list;
    expect(arrivals).toMatchObject({ kind: 'new' });
    expect(arrivals.lines).toBeLessThan(list.entries / 2);
    expect(arrivals.sources[0]).toMatchObject({ address: SENDER, added: arrivals.added });
    // Allows for the sample's error, and for the flood's own rate on a busy machine.
    expect(arrivals.added / arrivals.seconds / truth).toBeGreaterThan(0.75);
    expect(arrivals.added / arrivals.seconds / truth).toBeLessThan(1.33);
  });

  test('clients that all have to be served: the advised limit holds as long as an entry lives', async () => {
    const scene = await stage();
    keep(HASHSIZE);
    done(inside(scene.namespace, 'sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=10'));
    limitTo(1000);
    await flood(scene, 'udp', 'any', 53, 500);
    await untilRoomless(scene);
    await expectLosses(scene);
    type(step(await reportOn(scene), 'raise').commands);
    await pause(500);
    // Entries live for 10 s, and are collected some time later.
    const [roomless, lost] = await Promise.all([roomlessIn(scene, 20_000), lostByClients(scene, 1900)]);
    expect({ roomless, lost }).toEqual({ roomless: 0, lost: 0 });
    expect(toolCount(scene.namespace)).toBeGreaterThan(3000);
  }, 300_000);

  test('a SYN flood with forged sources is named as such: synproxy, or a rate limit', async () => {
    const scene = await stage();
    await serve(scene);
    limitTo(2000);
    await flood(scene, 'syn', 'any', 443, 1500);
    await untilRoomless(scene);
    await expectLosses(scene);
    const told = await reportOn(scene);
    expect(kinds(told)).toEqual(expect.arrayContaining(['synproxy', 'rate_limit', 'free']));
    for (const kind of ['source', 'network', 'notrack']) expect(kinds(told)).not.toContain(kind);
    const target = `port 443 of ${TARGET}`;
    expect(step(told, 'synproxy').title).toBe(
      `Give entries only to completed connections to ${target}: likely a SYN flood with forged sources.`,
    );
    // Half of 2000 in the 60 s of SYN_RECV.
    expect(step(told, 'rate_limit').title).toContain(`Or admit at most 16 new connections/s to ${target} `);

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

  test('a network without a dominant address: kept out, or limited', async () => {
    const scene = await stage();
    idle(scene, 400);
    limitTo(2000);
    await flood(scene, 'udp', '198.51.100.0/24', 53, 1500);
    await untilRoomless(scene);
    await expectLosses(scene);
    const told = await reportOn(scene);
    expect(kinds(told)).not.toContain('source');
    const { networks, added } = told.list.arrivals;
    expect(networks[0]).toMatchObject({ address: '198.51.100.0/24', added });
    expect(step(told, 'network').title).toMatch(
      /^Find out which hosts are in 198\.51\.100\.0\/24: .* 100\.0% of the new ones/,
    );
    await eachEnds(scene, told, [
      ['network', 400],
      ['source_limit', 1001],
    ]);
    expect(idleCount(scene)).toBe(400);
  });

  test('in a zone, notrack works only in the chain that sets the zone', async () => {
    const scene = await stage();
    const { namespace } = scene;
    const chain = '{ type filter hook prerouting priority -300; }';
    done(inside(namespace, 'nft', `add table inet zones; add chain inet zones before ${chain}`));
    done(inside(namespace, 'nft', 'add rule inet zones before ct zone set 7'));
    limitTo(2000);
    await flood(scene, 'udp', 'any', 53, 1500);
    await untilRoomless(scene);
    await expectLosses(scene);
    const told = await reportOn(scene);
    // The answers to the clients do not go through the zone's chain.
    expect(told.list.entries - told.list.zoned).toBeLessThanOrEqual(50);
    const advised = step(told, 'notrack');
    expect(advised.commands).toEqual([]);
    expect(advised.notes.join(' ')).toContain('udp dport 53 notrack accept');

    // The rule for a table without zones has no effect, neither before nor after the zone is set.
    for (const priority of [-310, -290]) {
      const name = `plain${-priority}`;
      const plain = `{ type filter hook prerouting priority ${priority}; }`;
      done(inside(namespace, 'nft', `add table inet ${name}; add chain inet ${name} p ${plain}`));
      done(inside(namespace, 'nft', `add rule inet ${name} p udp dport 53 notrack`));
    }
    expect(await roomlessIn(scene, 500)).toBeGreaterThan(100);
    const [, rule = ''] = /before that rule: (\S+ \S+ \d+ notrack accept)/.exec(advised.notes.join(' ')) ?? [];
    done(inside(namespace, 'nft', `insert rule inet zones before ${rule}`));
    done(inside(namespace, 'conntrack', '-F'));
    expect(await roomlessIn(scene, 1000)).toBe(0);
    expect(toolCount(namespace)).toBe(0);
    expect(await lostByClients(scene, 30)).toBe(0);
  });

  test('connections that have been idle for long are removed at once', async () => {
    const scene = await stage();
    // Entries of the same age might have another timeout.
    idle(scene, 1900, 200_000);
    limitTo(2000);
    expect(kinds(await reportOn(scene))).not.toContain('free');
    inside(scene.namespace, 'conntrack', '-F');
    limitTo(1900);
    idle(scene, 1900, 100_000, 100);
    // The kernel evicts none of these to make room.
    expect(await lostByClients(scene, 20)).toBe(20);
    const told = await reportOn(scene);
    const settings = settingsOf(scene.namespace);
    expect(kinds(told)).not.toContain('notrack');
    const free = step(told, 'free');
    expect(free.commands).toEqual([
      `ip netns exec ${scene.namespace} conntrack -D -p tcp --state ESTABLISHED --dport 5432 >/dev/null`,
    ]);
    expect(free.notes[0]).toContain('Connections still in use end');
    type(free.commands);
    expect(toolCount(scene.namespace)).toBe(0);
    expect(await lostByClients(scene, 20)).toBe(0);
    expect(free.undo).toEqual([]);
    expect(settingsOf(scene.namespace)).toBe(settings);
  });
});

/** Accepts connections at port 443, and sends a word on each. */
async function serve({ namespace }: Stage): Promise<void> {
  const script = `require('node:net').createServer((one) => one.on('error', () => undefined).end('hello'))
    .listen(443, '${TARGET}', 511, () => process.stdout.write('ready'))`;
  await background(namespace, process.execPath, '-e', script);
}

/** Number of genuine clients that receive that word. */
function connected({ sender }: Stage, clients: number): number {
  const script = `let heard = 0;
    for (let at = 0; at < ${clients}; at++)
      require('node:net').connect(443, '${TARGET}').on('data', () => { heard += 1; }).on('error', () => undefined);
    const told = () => process.stdout.write(String(heard), () => process.exit());
    setInterval(() => { if (heard === ${clients}) told(); }, 100);
    setTimeout(told, 10000);`;
  return Number(inside(sender, process.execPath, '-e', script).stdout);
}
