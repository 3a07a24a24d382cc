// Packets lost while no table is full, on the kernel that runs the tests: checked against the kernel's own counters.
// The printed commands are typed.

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Answer, command, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { inside, keep, NOBODY, processInside, toolCounter, trackingNamespace } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { background } from './stage.ts';
import { type Incident, type Lead, reportBy, STANDALONE } from './told.ts';

const KNOCKS = join(__dirname, 'knocks.cjs');
const EXPECT_MAX = '/proc/sys/net/netfilter/nf_conntrack_expect_max';
const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns';
const PARTS = [
  STANDALONE,
  EXPECT_MAX,
  ALL_NETNS,
  '/proc/net/stat/arp_cache',
  '/usr/sbin/conntrack',
  '/usr/sbin/nft',
  '/usr/sbin/iptables-legacy',
  '/usr/sbin/ip',
  '/usr/bin/nstat',
  '/usr/bin/dmesg',
  '/usr/bin/setpriv',
  '/usr/sbin/sysctl',
  '/usr/bin/unshare',
  '/usr/bin/nsenter',
];

/** The report of a machine with an empty log: lines of other tests would be reported too. */
async function told(): Promise<Incident> {
  return (await reportBy((run) => mounting([], ...run, 'report', '--format', 'json'))).incident;
}

/** Runs a command where a shell has mounted something first. */
function inMounts(mounts: readonly string[], ...line: readonly string[]): Answer {
  const [file = '', ...args] = mounting(mounts, ...line);
  return command(file, args);
}

function mounting(mounts: readonly string[], ...line: readonly string[]): readonly string[] {
  const empty = join(scratch(), 'kmsg');
  writeFileSync(empty, '');
  const script = [`mount --bind ${empty} /dev/kmsg`, ...mounts, 'exec "$@"'].join(' && ');
  return ['unshare', '-m', 'sh', '-c', script, 'sh', ...line];
}

/** The report as seen from inside that namespace: the rest of the machine is hidden. */
function alone(namespace: string): Answer {
  const hide = ['umount -R -l /run/netns', 'mount -t proc proc /proc'];
  const enter = ['nsenter', `--net=/run/netns/${namespace}`, 'unshare', '-p', '-f'];
  return inMounts([], ...enter, '-m', 'sh', '-c', [...hide, 'exec "$@"'].join(' && '), 'sh', ...RUN, 'report');
}

function lead({ elsewhere }: Incident, kind: string): Lead {
  const found = elsewhere.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no lead ${kind}: ${JSON.stringify(elsewhere)}`);
  return found;
}

/** Runs knocks.cjs in the background until the test is over. */
async function knocks(namespace: string, ...args: readonly string[]): Promise<void> {
  await background(namespace, process.execPath, KNOCKS, ...args);
}

function rules(namespace: string, text: string): void {
  expect(command('ip', ['netns', 'exec', namespace, 'nft', text])).toMatchObject({ status: 0, stderr: '' });
}

function typed(line: string): Answer {
  const answer = command('/bin/sh', ['-c', line]);
  expect(answer, line).toMatchObject({ status: 0 });
  return answer;
}

/** A counter of the stack, by nstat(8). */
function extended(namespace: string, name: string): number {
  return Number(/ (\d+) /.exec(inside(namespace, 'nstat', '-az', name).stdout)?.[1]);
}

/** How a connection to a closed port ends: `refused` at once, or `lost` without an answer. */
function fateOf(namespace: string, port: number): 'refused' | 'lost' {
  const { status } = inside(namespace, 'timeout', '2', 'bash', '-c', `</dev/tcp/127.0.0.1/${port}`);
  expect([1, 124]).toContain(status);
  return status === 1 ? 'refused' : 'lost';
}

liveSuite('what loses packets beside a full table', PARTS, () => {
  describe('answers to connections that only one direction of is tracked', () => {
    const ONE_WAY = `add table ip one-way;
      add chain ip one-way output { type filter hook output priority -300; };
      add rule ip one-way output tcp dport 81 notrack;
      add chain ip one-way prerouting { type filter hook prerouting priority -300; };
      add rule ip one-way prerouting tcp dport 81 notrack`;
    const FIREWALL = `add table inet firewall; add chain inet firewall input { type filter hook input priority 0; };
      add rule inet firewall input ct state invalid counter drop comment "stray; drop it"`;

    test('and a rule that drops what is invalid: how many, the rule, and what tells which', async () => {
      const namespace = trackingNamespace();
      keep(ALL_NETNS);
      rules(namespace, ONE_WAY);
      expect(fateOf(namespace, 81)).toBe('refused');
      rules(namespace, FIREWALL);
      expect(fateOf(namespace, 81)).toBe('lost');
      await knocks(namespace, 'knock', '81');

      const before = toolCounter(namespace, 'invalid');
      const said = await told();
      const after = toolCounter(namespace, 'invalid');
      const found = lead(said, 'invalid');
      // Nearly all packets here are strays.
      expect(found.state).toBe('warning');
      expect(found.namespace?.mount).toContain(namespace);
      expect(found.per_second).toBeGreaterThan(20);
      const losses = said.namespaces.find(({ mount }) => mount?.includes(namespace))?.losses;
      expect(losses?.events.invalid).toBeCloseTo((found.per_second ?? 0) * (losses?.seconds ?? 0), 3);
      expect(losses?.events.invalid).toBeLessThanOrEqual(after - before);
      expect(found.invalid?.share_percent).toBeGreaterThan(20);
      expect(found.invalid?.settings).toEqual({ tcp_loose: 1, tcp_be_liberal: 0, checksum: 1, log_invalid: 0 });
      expect(found.invalid?.rules).toMatchObject([{ family: 'inet', table: 'firewall', chain: 'input' }]);
      expect(found.invalid?.rules?.[0]?.packets).toBeGreaterThan(0);

      // The printed commands: the rule, the log on, its lines, and off again.
      const outputs = async (): Promise<readonly string[]> => {
        const printed: string[] = [];
        for (const line of found.commands) {
          printed.push(typed(line).stdout);
          await pause(300);
        }
        // All log lines of the network stack share one rate limit: others may have used it up.
        return printed.some((output) => /nf_ct_proto_6: .*SPT=81 /.test(output)) ? printed : outputs();
      };
      const [listed = ''] = await outputs();
      expect(listed).toMatch(/ct state invalid counter .* drop .*# handle \d+/);
      expect(inside(namespace, 'cat', '/proc/sys/net/netfilter/nf_conntrack_log_invalid').stdout).toBe('0\n');
      expect(readFileSync(ALL_NETNS, 'latin1')).toBe('0\n');

      const { status, stdout } = alone(namespace);
      expect(status).toBe(1);
      expect(stdout.replace(/\s+/g, ' ')).toMatch(
        /^CONNTRACK WARNING - [\d,]+ invalid packets\/s are counted in this network namespace, and a rule drops such packets; /,
      );
      expect(stdout).not.toContain('look elsewhere');
    });

    test('a rule that only the old iptables shows', async () => {
      const namespace = trackingNamespace();
      rules(namespace, ONE_WAY);
      const drop = ['-A', 'INPUT', '-m', 'conntrack', '--ctstate', 'INVALID', '-j', 'DROP'];
      expect(inside(namespace, 'iptables-legacy', ...drop)).toMatchObject({ status: 0 });
      await knocks(namespace, 'knock', '81');
      const found = lead(await told(), 'invalid');
      expect(found.invalid?.rules).toMatchObject([{ tool: 'iptables-legacy', table: 'filter', chain: 'INPUT' }]);
      expect(typed(found.commands[0] ?? '').stdout).toMatch(/ DROP .* ctstate INVALID/);
    });

    test('without such a rule it is a lead and no more; when both ways are tracked it is gone', async () => {
      const namespace = trackingNamespace();
      rules(namespace, ONE_WAY);
      await knocks(namespace, 'knock', '81');
      const said = await told();
      const found = lead(said, 'invalid');
      expect(found).toMatchObject({ state: 'ok', invalid: { rules: [] } });
      expect(fateOf(namespace, 81)).toBe('refused');
      rules(namespace, 'delete table ip one-way');
      expect((await told()).elsewhere.map(({ kind }) => kind)).not.toContain('invalid');
      const { status, stdout } = alone(namespace);
      expect(status).toBe(0);
      expect(stdout).toMatch(/^CONNTRACK OK - conntrack is not the problem: /);
      expect(stdout).toContain('\nWhat to do\n  Nothing here: look elsewhere.');
    });

    test('without root: the same number, and that the rules could not be read', async () => {
      const namespace = trackingNamespace();
      rules(namespace, `${ONE_WAY}; ${FIREWALL}`);
      await knocks(namespace, 'knock', '81');
      const { stdout, stderr } = command('setpriv', [...NOBODY.slice(1), ...RUN, 'report']);
      expect(stderr).toBe('');
      const text = stdout.replace(/\s+/g, ' ');
      expect(text).toMatch(/[\d,]+ invalid packets\/s are counted in namespace of /i);
      expect(text).toContain('The rules could not be read: a rule may drop them.');
      expect(text).toMatch(/sudo would add: .*which rule drops invalid packets/);
    });
  });

  /** Expects the kernel's own rate, types the printed commands, and returns their output. */
  async function counted(namespace: string, kind: string, counter: string): Promise<string> {
    const before = extended(namespace, counter);
    const said = await told();
    const after = extended(namespace, counter);
    expect(after).toBeGreaterThan(before);
    const found = lead(said, kind);
    expect(found).toMatchObject({ state: 'warning', namespace: { mount: expect.stringContaining(namespace) } });
    expect(found.per_second).toBeGreaterThan(10);
    const seconds = said.namespaces.find(({ mount }) => mount?.includes(namespace))?.losses?.seconds ?? 1;
    expect((found.per_second ?? 0) * seconds).toBeLessThanOrEqual(after - before);
    return found.commands.map((line) => typed(line).stdout).join('');
  }

  test('a program that does not accept', async () => {
    const namespace = trackingNamespace();
    await knocks(namespace, 'deaf', '8080');
    await knocks(namespace, 'knock', '8080');
    while (extended(namespace, 'TcpExtListenOverflows') === 0) await pause(50);
    expect(fateOf(namespace, 8080)).toBe('lost');
    const shown = await counted(namespace, 'listen', 'TcpExtListenOverflows');
    expect(shown).toMatch(/LISTEN +2 +1 +127\.0\.0\.1:8080/);
  });

  test('a program that does not read its datagrams', async () => {
    const namespace = trackingNamespace();
    await knocks(namespace, 'mute', '5353');
    await knocks(namespace, 'flood', '5353', '127.0.0.1', '127.0.0.1');
    while (extended(namespace, 'UdpRcvbufErrors') === 0) await pause(50);
    expect(await counted(namespace, 'udp', 'UdpRcvbufErrors')).toMatch(/UNCONN +\d{3,} +0 +127\.0\.0\.1:5353/);
  });

  test('packets that come by an interface that no answer would go out by', async () => {
    const [sender, namespace] = [trackingNamespace(), trackingNamespace()];
    await processInside(namespace);
    const ip = (where: string, ...words: readonly string[]) =>
      expect(inside(where, 'ip', ...words), words.join(' ')).toMatchObject({ status: 0 });
    ip(sender, 'link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right', 'netns', namespace);
    ip(sender, 'addr', 'add', '198.51.100.1/24', 'dev', 'left');
    ip(sender, 'addr', 'add', '203.0.113.5/32', 'dev', 'lo');
    ip(namespace, 'addr', 'add', '198.51.100.2/24', 'dev', 'right');
    ip(sender, 'link', 'set', 'left', 'up');
    ip(namespace, 'link', 'set', 'right', 'up');
    inside(namespace, 'sysctl', '-w', 'net.ipv4.conf.all.rp_filter=1');
    // An ARP request for the other's link address would itself arrive by the wrong interface.
    inside(sender, 'sysctl', '-w', 'net.ipv4.conf.left.arp_announce=2');
    await knocks(sender, 'flood', '9', '203.0.113.5', '198.51.100.2');
    while (extended(namespace, 'TcpExtIPReversePathFilter') === 0) await pause(50);
    const shown = await counted(namespace, 'rp_filter', 'TcpExtIPReversePathFilter');
    expect(shown).toMatch(/^net\.ipv4\.conf\.all\.rp_filter = 1$/m);
  });

  test('expected connections that find no room, and do with the limit that is advised', async () => {
    const namespace = trackingNamespace();
    keep(EXPECT_MAX);
    const limit = Number(readFileSync(EXPECT_MAX, 'latin1'));
    const helper = `table ip help {\n ct helper tftp {\n type "tftp" protocol udp\n }\n chain output {
      type filter hook output priority 0\n udp dport 69 ct helper set "tftp"\n }\n}\n`;
    const file = join(scratch(), 'rules');
    writeFileSync(file, helper);
    expect(inside(namespace, 'nft', '-f', file)).toMatchObject({ status: 0, stderr: '' });
    await processInside(namespace);
    inside(namespace, 'sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=600');
    const announced = (requests: number) =>
      Number(inside(namespace, process.execPath, KNOCKS, 'announce', String(requests)).stdout);
    const lines = loggedExpectations();
    // The client counts its losses.
    expect(announced(limit + 30)).toBe(30);
    const listed = () => inside(namespace, 'cat', '/proc/net/nf_conntrack_expect').stdout.split('\n').length - 1;
    expect(listed()).toBe(limit);

    // All log lines of the network stack share one rate limit: another test may have used it up.
    while (loggedExpectations() === lines) {
      await pause(500);
      announced(10);
    }

    const said = await told();
    const found = lead(said, 'expectations');
    const words = `${limit}`.replace(/\B(?=(\d{3})+$)/g, ',');
    expect(found.text).toMatch(/^the table of expected connections of namespace of .* is full: /);
    expect(found.text).toContain(`is full: ${words} of ${words}`);
    expect(found.namespace?.mount).toContain(namespace);
    expect(found.commands).toEqual([`sysctl -w net.netfilter.nf_conntrack_expect_max=${4 * limit}`]);

    for (const line of found.commands) typed(line);
    inside(namespace, 'conntrack', '-F');
    expect(announced(limit + 30)).toBe(0);
    expect((await told()).elsewhere.map(({ kind }) => kind)).not.toContain('expectations');
    // The kernel's log still has it, and it is not reported as a full table of connections.
    const { stdout } = command(RUN[0] ?? '', [...RUN.slice(1), 'report', '--format', 'json']);
    const logged = lead(JSON.parse(stdout).report.incident, 'expectations');
    expect(logged.text).toMatch(/^the table of expected connections was full \d+(?:\.\d)? s ago$/);
    expect(logged.namespace).toBeNull();
  });

  test('neighbours that find no room', async () => {
    const namespace = trackingNamespace();
    await processInside(namespace);
    inside(namespace, 'ip', 'link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right');
    for (const end of ['left', 'right']) inside(namespace, 'ip', 'link', 'set', end, 'up');
    const limit = Number(readFileSync('/proc/sys/net/ipv4/neigh/default/gc_thresh3', 'latin1'));
    const list = join(scratch(), 'neighbours');
    const address = (at: number) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
    const line = (at: number) => `neigh replace ${address(at)} lladdr 02:00:00:00:00:01 dev left nud reachable\n`;
    writeFileSync(list, Array.from({ length: limit + 50 }, (_, at) => line(at + 256)).join(''));
    // The table is the whole machine's: it is full for a moment only, again and again.
    const fill = `while :; do ip -force -batch ${list}; ip neigh flush dev left; sleep 0.1; done`;
    const child = spawn('ip', ['netns', 'exec', namespace, 'sh', '-c', fill], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const before = tableFulls();
    while (tableFulls() === before) await pause(20);
    const said = await told();
    const after = tableFulls();
    child.kill('SIGKILL');
    inside(namespace, 'ip', 'neigh', 'flush', 'dev', 'left');
    const found = lead(said, 'neighbours');
    expect(found).toMatchObject({ state: 'warning', namespace: null });
    expect(found.text).toMatch(/^the table of neighbours, arp_cache, has no room /);
    expect(found.per_second).toBeGreaterThan(0);
    // Slightly more than a second passes between the samples.
    expect(found.per_second).toBeLessThanOrEqual(after - before);
    expect(found.commands).toEqual([`sysctl -w net.ipv4.neigh.default.gc_thresh3=${4 * limit}`]);
  });

  describe('causes outside the machine or its kernel, by tools that print the real output', () => {
    /** Puts a shell script in the place of a tool. */
    function tool(folder: string, path: string, script: string): readonly string[] {
      const layer = join(folder, path);
      mkdirSync(join(layer, 'upper'), { recursive: true });
      writeFileSync(join(layer, 'tool'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return [
        `mount -t tmpfs layers ${layer}/upper`,
        `mkdir ${layer}/upper/new ${layer}/upper/work && cp ${layer}/tool ${layer}/upper/new/${path.split('/').pop()}`,
        `mount -t overlay tools -o lowerdir=${dirname(path)},upperdir=${layer}/upper/new,workdir=${layer}/upper/work ${dirname(path)}`,
      ];
    }

    const STATISTICS = (exceeded: string) =>
      `printf 'NIC statistics:\\n     tx_timeout: 0\\n     pps_allowance_exceeded: 9\\n     conntrack_allowance_exceeded: %s\\n     conntrack_allowance_available: 0\\n     queue_0_tx_cnt: 4329\\n' ${exceeded}`;

    test.each([
      ['drops', 'echo x >>$0.calls; n=$(wc -l <$0.calls)', '$((100 * n))', true],
      ['has dropped before, and drops nothing now', ':', '900', false],
    ])('an interface of the cloud that %s', (_, counting, exceeded, isTold) => {
      const folder = scratch();
      for (const [name, driver] of [
        ['ens5', 'ena'],
        ['eth9', 'virtio_net'],
      ]) {
        const link = join(folder, 'net', name ?? '', 'device/driver');
        mkdirSync(dirname(link), { recursive: true });
        symlinkSync(`../../../../bus/pci/drivers/${driver}`, link);
      }
      const script = `[ "$*" = '-S ens5' ] || exit 1; ${counting}; ${STATISTICS(exceeded)}`;
      const mounts = [...tool(folder, '/usr/sbin/ethtool', script), `mount --bind ${folder}/net /sys/class/net`];
      const { stdout } = inMounts(mounts, ...RUN, 'report', '--interval', '0.5', '--format', 'json');
      const said: Incident = JSON.parse(stdout).report.incident;
      const found = said.elsewhere.filter(({ kind }) => kind === 'allowance');
      if (isTold) {
        expect(found).toMatchObject([{ state: 'warning', namespace: null }]);
        expect(found[0]?.text).toMatch(/^the cloud drops [\d.]+ packets\/s of ens5: its own limit of tracked/);
        expect(found[0]?.per_second).toBeGreaterThan(20);
        expect(found[0]?.per_second).toBeLessThanOrEqual(200);
      } else expect(found).toEqual([]);
    });

    const RUNS = 'mount -t tmpfs run /run && mkdir /run/openvswitch && echo 1 >/run/openvswitch/ovs-vswitchd.pid';
    // Output of ovs-appctl 3.1.0, of which only the zone at its limit is reported.
    const LIMITS = `[ "$*" = '--timeout=2 dpctl/ct-get-limits' ] && printf 'default limit=0\\nzone=4,limit=3,count=2\\nzone=5,limit=3,count=3\\n'`;
    test.each([
      ['runs', RUNS, ['zone 5 of Open vSwitch is at its own limit: 3 of 3']],
      ['does not run, and is not asked', ':', []],
    ])('Open vSwitch %s', (_, runs, expected) => {
      const mounts = [...tool(scratch(), '/usr/bin/ovs-appctl', LIMITS), runs];
      const { stdout } = inMounts(mounts, ...RUN, 'report', '--interval', '0.1', '--format', 'json');
      const said: Incident = JSON.parse(stdout).report.incident;
      expect(said.elsewhere.filter(({ kind }) => kind === 'zone').map(({ text }) => text)).toEqual(expected);
    });

    test('a daemon that does not answer costs a moment, and no report', () => {
      const mounts = [...tool(scratch(), '/usr/bin/ovs-appctl', 'sleep 60'), RUNS];
      const began = Date.now();
      const { stdout } = inMounts(mounts, ...RUN, 'report', '--interval', '0.1');
      expect(Date.now() - began).toBeLessThan(20_000);
      expect(stdout).toContain('\nWhat to do\n');
    });
  });
});

function loggedExpectations(): number {
  return command('dmesg', []).stdout.split('expectation table full').length;
}

/** How often the machine's table of neighbours was full. */
function tableFulls(): number {
  const [head = '', ...cpus] = readFileSync('/proc/net/stat/arp_cache', 'latin1').trim().split('\n');
  const at = head.split(/\s+/).indexOf('table_fulls');
  return cpus.reduce((sum, cpu) => sum + Number.parseInt(cpu.trim().split(/\s+/)[at] ?? '', 16), 0);
}
