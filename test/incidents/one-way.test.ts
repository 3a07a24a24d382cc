// Direct server return: the server's replies take another route, so that genuine connections stay in SYN_SENT.

import { expect, test } from 'vitest';
import { command } from '../e2e/support/plugin.ts';
import { HASHSIZE, inside, keep, limitTo, trackingNamespace } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { connected, serveEchoes } from './kept-alive.ts';
import { background, done, reportOn, STAGE_PARTS, type Stage, stage, TARGET, untilRoomless } from './stage.ts';
import { kinds, step } from './told.ts';

const SERVER = '10.9.0.5';

/** Makes a server that the observed namespace forwards to, and that answers the clients directly. */
async function serveDirectly({ sender, namespace }: Stage): Promise<void> {
  const server = trackingNamespace();
  done(inside(server, 'nft', 'flush', 'ruleset'));
  const link = (name: string, from: string, peer: string) =>
    done(command('ip', `link add ${name} netns ${from} type veth peer name ${peer} netns ${server}`.split(' ')));
  link('inner', namespace, 'outer');
  link('direct', sender, 'back');
  for (const [where, lines] of [
    [namespace, ['addr add 10.8.0.1/24 dev inner', 'link set inner up', `route add ${SERVER} via 10.8.0.2`]],
    [sender, ['addr add 10.7.0.1/24 dev direct', 'link set direct up', 'link set lo up']],
    [sender, [`route add ${SERVER} via ${TARGET}`]],
    [server, ['addr add 10.8.0.2/24 dev outer', 'link set outer up', `addr add ${SERVER}/32 dev lo`]],
    [server, ['addr add 10.7.0.2/24 dev back', 'link set back up', 'link set lo up', 'route add default via 10.7.0.1']],
    [sender, Array.from({ length: 100 }, (_, at) => `addr add 10.${100 + at}.${at}.1/32 dev lo`)],
  ] as const) {
    for (const line of lines) done(inside(where, 'ip', ...line.split(' ')));
    done(
      inside(
        where,
        'sh',
        '-c',
        'sysctl -q -w net.ipv4.ip_forward=1; sysctl -qw $(sysctl -aN --pattern rp_filter | grep ipv4 | sed s/$/=0/)',
      ),
    );
  }
  await serveEchoes(server, 'web', SERVER, '443');
}

liveSuite('replies that pass elsewhere', STAGE_PARTS, () => {
  test('genuine clients of a forwarded port are not taken for a SYN flood', async () => {
    const scene = await stage();
    await serveDirectly(scene);
    expect(connected(scene, SERVER, '443')).toBe(10);
    keep(HASHSIZE);
    limitTo(2000);
    const script = `let at = 0;
      const connect = (from) => require('node:net').connect({ host: '${SERVER}', port: 443, localAddress: from })
        .on('error', () => undefined).on('connect', function () { this.write('x'); })
        .on('data', function () { this.resetAndDestroy(); });
      const burst = () => { for (const end = at + 24; at < end; at++) connect('10.' + (100 + at % 100) + '.' + at % 100 + '.1'); };
      setInterval(burst, 20); process.stdout.write('ready');`;
    await background(scene.sender, process.execPath, '-e', script);
    await untilRoomless(scene);
    const told = await reportOn(scene);
    expect(kinds(told)).toContain('raise');
    for (const kind of ['synproxy', 'source', 'network', 'notrack']) expect(kinds(told)).not.toContain(kind);
    expect(step(told, 'rate_limit').preconditions[0]).toMatch(/^No entry of port 443 has a reply\./);
  });
});
