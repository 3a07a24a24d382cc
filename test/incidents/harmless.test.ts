// Advice that once did harm: to connections in use, the only network, another tenant, and the machine's own address.
// The commands are typed as printed while genuine clients count their losses.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { scratch } from '../e2e/support/tree.ts';
import { HASHSIZE, inside, keep, limitTo, toolCount } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import {
  background,
  CLIENT,
  done,
  expectLosses,
  flood,
  idle,
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

const SESSION = join(__dirname, 'session.cjs');
/** Words of commands that exit 1 if there is nothing to remove or to list. */
const MAY_FIND = ['conntrack -D '];

/**
 * Opens `count` connections to port 443, each with a byte every `often` milliseconds; returns a count of those without
 * an echo.
 */
async function crowd(scene: Stage, count: number, often: number): Promise<() => Promise<number>> {
  await background(scene.namespace, process.execPath, SESSION, 'web', TARGET, '443');
  // With a known sshd, other ports are known not to be its own.
  await background(scene.namespace, process.execPath, SESSION, 'sshd', TARGET, '22');
  const words = ['crowd', TARGET, '443', CLIENT, String(count), String(often)];
  const child = spawn('ip', ['netns', 'exec', scene.sender, process.execPath, SESSION, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const heard = () => new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text))));
  await heard();
  return async () => {
    child.stdin.write('\n');
    return Number(await heard());
  };
}

/** Types and undoes all advice, in each form; nothing may be lost after any of it. */
async function harmless(scene: Stage, told: Report, lost: () => Promise<number>): Promise<void> {
  const before = settingsOf(scene.namespace);
  for (const { kind, ...advised } of told.incident.advice)
    for (const [form, undo] of FORMS) {
      if (advised[form].length === 0) continue;
      type(advised[form], MAY_FIND);
      expect(await lost(), `${kind}, ${form}`).toBe(0);
      if (advised[undo].length > 0) type(advised[undo]);
      expect(settingsOf(scene.namespace), `${kind}, ${undo}`).toBe(before);
    }
}

const POLICY = `table inet policies {
  ct timeout slow { protocol tcp; l3proto ip; policy = { established : 3600 }; }
  chain before { type filter hook prerouting priority -100; tcp dport 443 ct timeout set "slow"; }
}`;

liveSuite('connections in use are not removed', STAGE_PARTS, () => {
  test('a ct timeout policy of an hour: they look idle for five days', async () => {
    const scene = await stage();
    done(inside(scene.namespace, 'nft', POLICY));
    const silent = await crowd(scene, 950, 120_000);
    expect(await silent()).toBe(0);
    const { stdout } = inside(scene.namespace, 'conntrack', '-L', '-p', 'tcp', '--dport', '443');
    expect(stdout).toMatch(/ (?:3[45]\d\d|3600) ESTABLISHED /);
    keep(HASHSIZE);
    limitTo(1000);
    const told = await reportOn(scene);
    expect(kinds(told)).toContain('unproven');
    expect(kinds(told)).not.toContain('free');
    expect(step(told, 'unproven').notes[0]).toContain('Rules give entries timeouts of their own');
    await harmless(scene, told, silent);

    // Without the rule the entries keep that timeout, and only their packets show that they are in use.
    done(inside(scene.namespace, 'nft', 'delete table inet policies'));
    const later = await reportOn(scene);
    expect(step(later, 'unproven').notes[0]).toMatch(/had packets between two readings|about the same time left/);
  }, 240_000);

  test('packets between two readings', async () => {
    const scene = await stage();
    // One in twenty has a packet each second; the timeout was shorter when the packets arrived.
    const silent = await crowd(scene, 950, 20_000);
    inside(scene.namespace, 'sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_tcp_timeout_established=3600');
    expect(await silent()).toBe(0);
    keep(HASHSIZE);
    limitTo(1000);
    inside(scene.namespace, 'sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_tcp_timeout_established=432000');
    const told = await reportOn(scene);
    expect(step(told, 'unproven').notes).toEqual(['Some of them had packets between two readings: they are in use.']);
    await harmless(scene, told, silent);
  }, 240_000);
});

liveSuite('no client is cut off', STAGE_PARTS, () => {
  test('the only network, which the machine is in: no rule against it', async () => {
    const scene = await stage();
    keep(HASHSIZE);
    limitTo(2000);
    await flood(scene, 'udp', '203.0.113.0/24', 53, 1500);
    await untilRoomless(scene);
    await expectLosses(scene);
    const told = await reportOn(scene);
    expect(kinds(told)).toContain('network');
    expect(kinds(told)).not.toContain('source_limit');
    const { commands, undo, instead, notes } = step(told, 'network');
    expect({ undo, instead }).toEqual({ undo: [], instead: [] });
    expect(commands.join()).not.toMatch(/drop|DROP|-D /);
    expect(notes[0]).toMatch(/^This machine has an address in 203\.0\.113\.0\/24/);
  });

  test('the address of the machine itself, on a router with a full table of routes', async () => {
    const scene = await stage();
    const { namespace } = scene;
    const routes = join(scratch(), 'routes');
    const line = (at: number) => `route add blackhole 10.${at >> 16}.${(at >> 8) & 255}.${at & 255}/32\n`;
    writeFileSync(routes, Array.from({ length: 90_000 }, (_, at) => line(at)).join(''));
    done(inside(namespace, 'ip', '-batch', routes));
    limitTo(1000);
    const script = `const socket = require('node:dgram').createSocket('udp4');
      let port = 1024;
      const burst = () => { for (let at = 0; at < 20; at++) socket.send('x', port = port > 60000 ? 1024 : port + 1, '${SENDER}', () => undefined); };
      socket.bind(0, '${TARGET}', () => { setInterval(burst, 10); process.stdout.write('ready'); });`;
    await background(namespace, process.execPath, '-e', script);
    await untilRoomless(scene);
    const told = await reportOn(scene);
    expect(told.list.sources.top[0]).toMatchObject({ address: TARGET });
    expect(step(told, 'source').commands).toEqual([`ip netns exec ${namespace} ss -tunap`]);
    for (const { commands } of told.incident.advice) expect(commands.join()).not.toContain(`-s ${TARGET}`);
  });

  test('zones: the same address in another zone keeps its entries', async () => {
    const scene = await stage();
    const { namespace } = scene;
    const tenant = join(scratch(), 'tenant');
    const flow = (at: number) =>
      `-A -w 9 -t 400000 -p tcp --state ESTABLISHED -u SEEN_REPLY,ASSURED -s ${SENDER} -d 10.3.0.1 --sport ${2000 + at} --dport 443 -r 10.3.0.1 -q ${SENDER} --reply-port-src 443 --reply-port-dst ${2000 + at}\n`;
    writeFileSync(tenant, Array.from({ length: 300 }, (_, at) => flow(at)).join(''));
    done(inside(namespace, 'conntrack', '-R', tenant));
    const others = () => inside(namespace, 'conntrack', '-L', '-w', '9').stdout.split('\n').filter(Boolean).length;
    expect(others()).toBe(300);
    const chain = '{ type filter hook prerouting priority -300; }';
    done(inside(namespace, 'nft', `add table inet zones; add chain inet zones before ${chain}`));
    done(inside(namespace, 'nft', 'add rule inet zones before ct zone set 7'));
    limitTo(2000);
    await flood(scene, 'udp', SENDER, 53, 1500);
    await untilRoomless(scene);
    const told = await reportOn(scene);
    expect(told.list.zones).toEqual(
      expect.arrayContaining([
        { zone: 7, entries: expect.any(Number) },
        { zone: 9, entries: 300 },
      ]),
    );
    for (const { kind, ...advised } of told.incident.advice)
      for (const [form] of FORMS) {
        expect(advised[form].join(), kind).not.toMatch(/saddr|-j DROP/);
        if (advised[form].length > 0) type(advised[form], MAY_FIND);
        expect(others(), `${kind}, ${form}`).toBe(300);
      }
  });
});

liveSuite('rules of an earlier step', STAGE_PARTS, () => {
  test('are named with what they drop, until they are undone', async () => {
    const scene = await stage();
    idle(scene, 1500);
    limitTo(2000);
    await flood(scene, 'udp', SENDER, 53, 4000);
    await untilRoomless(scene);
    const told = await reportOn(scene);
    expect(kinds(told)).not.toContain('in_force');
    for (const [form, undo] of FORMS) {
      type(step(told, 'source')[form]);
      expect(await roomlessIn(scene, 500), form).toBe(0);
      const later = await reportOn(scene);
      expect(step(later, 'in_force').title, form).toMatch(
        /^Rules refuse connections here: .*(?:check_conntrack_source_cb007109|raw PREROUTING) \([\d,]+ packets\)\.$/,
      );
      type(step(later, 'in_force').commands);
      type(step(told, 'source')[undo]);
      expect(kinds(await reportOn(scene)), undo).not.toContain('in_force');
    }
    expect(toolCount(scene.namespace)).toBeGreaterThan(1500);
  });
});
