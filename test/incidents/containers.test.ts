// Clients of a container, through the address that a container engine translates, survive every command that the report
// prints, and each undo.

import { expect, test } from 'vitest';
import { command } from '../e2e/support/plugin.ts';
import { HASHSIZE, inside, keep, limitTo, trackingNamespace } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { ENGINES, loadFirewall } from './firewalls.ts';
import { connected, livesThrough, openSession, serveEchoes, type Word } from './kept-alive.ts';
import {
  askedOf,
  done,
  echoAt,
  expectLosses,
  flood,
  reportOn,
  SENDER,
  STAGE_PARTS,
  type Stage,
  stage,
  TARGET,
  untilRoomless,
} from './stage.ts';
import { kinds, step, type } from './told.ts';

const CONTAINER = '172.17.0.2';
const [WEB, DATAGRAMS] = ['8080', '5300'];

interface Engine extends Stage {
  readonly address: string;
  /** The sessions: ssh to the host, and a client of the container. */
  readonly words: readonly Word[];
}

async function engine(name: keyof typeof ENGINES): Promise<Engine> {
  const scene = await stage();
  const { namespace, sender } = scene;
  const [rules, address] = ENGINES[name];
  const container = trackingNamespace();
  done(inside(container, 'nft', 'flush', 'ruleset'));
  done(command('ip', `link add docker0 netns ${namespace} type veth peer name eth0 netns ${container}`.split(' ')));
  for (const [where, device, own] of [
    [namespace, 'docker0', '172.17.0.1'],
    [container, 'eth0', CONTAINER],
  ] as const) {
    done(inside(where, 'ip', 'addr', 'add', `${own}/16`, 'dev', device));
    done(inside(where, 'ip', 'link', 'set', device, 'up'));
  }
  done(inside(container, 'ip', 'route', 'add', 'default', 'via', '172.17.0.1'));
  done(inside(namespace, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1'));
  if (address !== TARGET) done(inside(sender, 'ip', 'route', 'add', '10.96.0.0/12', 'via', TARGET));
  loadFirewall(namespace, rules);
  await serveEchoes(namespace, 'sshd', TARGET, '22');
  await serveEchoes(container, 'web', CONTAINER, '80');
  await echoAt(container, CONTAINER, '7');
  const words = [await openSession(scene, TARGET, '22'), await openSession(scene, address, WEB)];
  return { ...scene, address, words };
}

/** Number of datagrams to the container that are not answered. */
function lost(scene: Engine, clients: number): Promise<number> {
  return askedOf(scene, clients, scene.address, DATAGRAMS);
}

const NAMES = [
  "Docker's published port",
  "Docker's published port, iptables before nf_tables",
  "kube-proxy's ClusterIP",
] as const;

liveSuite('clients of a container are served on', STAGE_PARTS, () => {
  test.each(NAMES)('one flooder: %s', async (name) => {
    const scene = await engine(name);
    keep(HASHSIZE);
    limitTo(2000);
    expect(await lost(scene, 20)).toBe(0);
    await flood(scene, 'udp', SENDER, 53, 2000);
    await untilRoomless(scene);
    await expectLosses(scene, DATAGRAMS, scene.address);
    const told = await reportOn(scene);
    expect(kinds(told)).toEqual(expect.arrayContaining(['source', 'source_limit']));
    await livesThrough(scene, scene.words, told, async (kind, form) => {
      if (kind !== 'source' && kind !== 'source_limit') return;
      expect(await lost(scene, 50), `${kind}, ${form}`).toBe(0);
      expect(connected(scene, scene.address, WEB), `${kind}, ${form}`).toBe(10);
    });
  });

  test.each(NAMES)('a SYN flood with forged sources to that port: %s', async (name) => {
    const scene = await engine(name);
    keep(HASHSIZE);
    limitTo(2000);
    await flood(scene, 'syn', 'any', Number(WEB), 1500, scene.address);
    await untilRoomless(scene);
    await expectLosses(scene, DATAGRAMS, scene.address);
    const told = await reportOn(scene);
    expect(kinds(told)).toEqual(expect.arrayContaining(['synproxy', 'rate_limit', 'free']));
    await livesThrough(scene, scene.words, told, async (kind, form) => {
      if (kind !== 'synproxy') return;
      type(step(told, 'free').commands, ['conntrack -D ']);
      expect(await lost(scene, 50), `${kind}, ${form}`).toBe(0);
      expect(connected(scene, scene.address, WEB), `${kind}, ${form}`).toBe(10);
    });
  });
});
