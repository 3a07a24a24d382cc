// The live limit against the machine's files: precedence, spellings, causes, and cases without a finding.

import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Answer, command, plugin, RUN } from './support/plugin.ts';
import { type Changes, tree } from './support/tree.ts';

const KEY = 'net.netfilter.nf_conntrack_max';
const LIVE = 262144;
const SYSTEMD = { 'usr/lib/systemd/system/x.service': '' };

/** Debian 12 with a limit of 262144 in its initial namespace and these files. */
function debian(files: Changes, ...args: readonly string[]): Answer {
  return plugin(
    '--root',
    tree('debian-12-synthetic', { 'proc/sys/net/nf_conntrack_max': `${LIVE}\n`, ...files }),
    ...args,
  );
}

describe('drift', () => {
  test('CentOS 5: iptables restarted and unloaded its modules; and after the fix', () => {
    const root = tree('centos-5.8-synthetic', { 'etc/sysctl.conf': 'net.ipv4.netfilter.ip_conntrack_max = 1000000\n' });
    const before = plugin('--root', root, '-v');
    expect(before).toMatchObject({ status: 1, stderr: '' });
    expect(before.stdout).toMatch(
      /^CONNTRACK WARNING - limit is 65536 but \/etc\/sysctl\.conf sets 1000000; 24030 entries \(36\.7%\), since boot: 1204 dropped, 5 lost to clashes \|/,
    );
    expect(before.stdout).toMatch(
      /\nlikely cause: .*IPTABLES_MODULES_UNLOAD="no" in \/etc\/sysconfig\/iptables-config, then sysctl -p; evidence: /,
    );

    writeFileSync(join(root, 'etc/sysconfig/iptables-config'), 'IPTABLES_MODULES_UNLOAD="no"\n');
    for (const path of ['netfilter/ip_conntrack_max', 'ip_conntrack_max']) {
      writeFileSync(join(root, 'proc/sys/net/ipv4', path), '1000000\n');
    }
    const after = plugin('--root', root, '-v');
    expect(after).toMatchObject({ status: 0, stderr: '' });
    expect(after.stdout).toContain(
      '\nconfigured limit: 1000000, /etc/sysctl.conf (net.ipv4.netfilter.ip_conntrack_max=1000000)\n',
    );
    expect(after.stdout).not.toContain('likely cause');
  });

  test('CentOS 5: does not blame iptables if it keeps the modules', () => {
    const root = tree('centos-5.8-synthetic', {
      'etc/sysctl.conf': 'net.ipv4.ip_conntrack_max = 1000000\n',
      'etc/sysconfig/iptables-config': "IPTABLES_MODULES_UNLOAD='no'\n",
    });
    expect(plugin('--root', root, '-v').stdout).not.toContain('IPTABLES_MODULES_UNLOAD');
  });

  test('CentOS 6: hashsize alone sets eight times as much', () => {
    const root = tree('linux-2.6.32-el6-reloaded-capture', {
      'etc/sysctl.conf': null,
      'etc/modprobe.d/conntrack.conf': 'options nf_conntrack hashsize=32768\n',
    });
    const answer = plugin('--root', root, '-v');
    expect(answer.status).toBe(1);
    expect(answer.stdout).toContain(
      'limit is 15976 but /etc/modprobe.d/conntrack.conf sets hashsize=32768, for 262144; 0 entries',
    );
    expect(answer.stdout).not.toContain('IPTABLES_MODULES_UNLOAD');
  });

  test.each([
    ['ok', 0],
    ['WARNING', 1],
    ['critical', 2],
    ['Unknown', 3],
  ])('--drift %s exits %d', (state, status) => {
    const answer = debian({ 'etc/sysctl.d/50.conf': `${KEY}=1000000\n` }, '--drift', state);
    expect(answer.status).toBe(status);
    expect(answer.stdout.includes('limit is')).toBe(status !== 0);
  });

  test('a more severe finding comes first', () => {
    const answer = debian({ 'etc/sysctl.d/50.conf': `${KEY}=1000000\n` }, '-c', 'chainlength=0');
    expect(answer.stdout).toMatch(
      /^CONNTRACK CRITICAL - chainlength 57 is above 0; limit is 262144 but .* sets 1000000; 12 entries /,
    );
  });
});

/** Creates a file whose name is not UTF-8 next to the path. */
function notUtf8(path: string): void {
  writeFileSync(
    Buffer.concat([Buffer.from(`${path}-`), Buffer.from([0xff]), Buffer.from('.conf')]),
    `${KEY}=1000000\n`,
  );
}

describe('files that are not read, or only in part', () => {
  const link = (target: string) => (path: string) => symlinkSync(target, path);
  const low = { 'etc/sysctl.d/10.conf': `${KEY} = 300000\n` };
  test.each<[string, Changes, string]>([
    ['a hidden file', { ...low, 'etc/sysctl.d/.90.conf': `${KEY} = 400000\n` }, 'sets 300000'],
    ['a directory with the name of a file', { ...low, 'etc/sysctl.d/90.conf/x': '' }, 'sets 300000'],
    ['99-sysctl.conf masked', { ...low, 'etc/sysctl.d/99-sysctl.conf': link('/dev/null'), ...SYSTEMD }, 'sets 300000'],
    [
      '99-sysctl.conf masked, so that /etc/sysctl.conf is not read at boot',
      {
        ...low,
        ...SYSTEMD,
        'etc/sysctl.d/99-sysctl.conf': link('/dev/null'),
        'etc/sysctl.conf': `${KEY} = 400000\n`,
      },
      '/etc/sysctl.d/10.conf sets 300000',
    ],
    [
      '99-sysctl.conf that links to another file',
      {
        ...SYSTEMD,
        'etc/sysctl.d/99-sysctl.conf': link('../other.conf'),
        'etc/other.conf': `${KEY} = 500000\n`,
        'etc/sysctl.conf': `${KEY} = 400000\n`,
      },
      '/etc/sysctl.d/99-sysctl.conf sets 500000',
    ],
    [
      "99-sysctl.conf that links to /etc/sysctl.conf, in the link's place",
      {
        ...SYSTEMD,
        'etc/sysctl.d/99-sysctl.conf': link('../sysctl.conf'),
        'etc/sysctl.conf': `${KEY} = 400000\n`,
        'etc/sysctl.d/zz.conf': `${KEY} = 500000\n`,
      },
      '/etc/sysctl.d/zz.conf sets 500000',
    ],
  ])('%s', (_, files, words) => {
    const answer = debian(files);
    expect(answer).toMatchObject({ status: 1, stderr: '' });
    expect(answer.stdout).toContain(words);
  });

  test('a later 0 sets no limit, so nothing is below it', () => {
    expect(debian({ 'etc/sysctl.d/50.conf': `${KEY} = 300000\n${KEY} = 0\n` })).toMatchObject({ status: 0 });
  });

  test('a key after a - is excluded from patterns', () => {
    const pattern = 'net.netfilter.nf_conntrack_* = 300000\n';
    expect(debian({ 'etc/sysctl.d/50.conf': pattern }).stdout).toContain('sets 300000');
    expect(debian({ 'etc/sysctl.d/50.conf': pattern, 'run/sysctl.d/10.conf': `-${KEY}\n` }).status).toBe(0);
  });

  test.each<[string, Changes, string]>([
    ['too large', { 'etc/sysctl.d/50.conf': '#'.repeat((1 << 18) + 1) }, 'larger than 262144 bytes'],
    [
      'a link out of the root',
      { 'etc/modprobe.d/50.conf': link('/etc/hostname') },
      'a symbolic link leads out of the root',
    ],
    [
      'a directory that is a link out of the root',
      { 'etc/sysctl.d': link('/etc') },
      'a symbolic link leads out of the root',
    ],
    ['a name that is not UTF-8', { 'etc/sysctl.d/x': notUtf8 }, 'its name is not UTF-8'],
  ])('line 1 reports what cannot be read, and the state stays: %s', (_, files, why) => {
    const answer = debian(files);
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toMatch(
      /^CONNTRACK OK - 12 of .* slab if full; configured limit not judged: cannot read [^|]*\|/,
    );
    expect(answer.stdout).toContain(`: ${why} |`);
  });
});

describe('the file that decides', () => {
  const sets = (value: number): string => `${KEY} = ${value}\n`;
  test.each<[string, Changes, string]>([
    [
      'the last by name, whatever the directory',
      { 'etc/sysctl.d/10.conf': sets(300001), 'usr/lib/sysctl.d/90.conf': sets(300002) },
      '/usr/lib/sysctl.d/90.conf sets 300002',
    ],
    [
      'the one in /etc of files with the same name',
      {
        'etc/sysctl.d/50.conf': sets(300001),
        'usr/lib/sysctl.d/50.conf': sets(300002),
        'run/sysctl.d/50.conf': sets(300003),
      },
      '/etc/sysctl.d/50.conf sets 300001',
    ],
    [
      '/run before /usr/local/lib before /lib for files with the same name',
      {
        'run/sysctl.d/50.conf': sets(300001),
        'usr/local/lib/sysctl.d/50.conf': sets(300002),
        'lib/sysctl.d/50.conf': sets(300003),
      },
      '/run/sysctl.d/50.conf sets 300001',
    ],
    [
      'the last line of a file',
      { 'etc/sysctl.d/50.conf': sets(300001) + sets(300002) },
      '/etc/sysctl.d/50.conf sets 300002',
    ],
    [
      '/etc/sysctl.conf last, without systemd',
      { 'etc/sysctl.conf': sets(300001), 'etc/sysctl.d/99.conf': sets(300002) },
      '/etc/sysctl.conf sets 300001',
    ],
    [
      "systemd: a link, in the link's place",
      {
        ...SYSTEMD,
        'etc/sysctl.conf': sets(300001),
        'etc/sysctl.d/99-sysctl.conf': (path) => symlinkSync('../sysctl.conf', path),
        'etc/sysctl.d/99-z.conf': sets(300002),
      },
      '/etc/sysctl.d/99-z.conf sets 300002',
    ],
    [
      'systemd: an absolute link, in a tree',
      {
        ...SYSTEMD,
        'etc/sysctl.conf': sets(300001),
        'etc/sysctl.d/99-sysctl.conf': (path) => symlinkSync('/etc/sysctl.conf', path),
      },
      '/etc/sysctl.conf sets 300001',
    ],
    [
      "systemd: a copy with the link's name",
      { ...SYSTEMD, 'etc/sysctl.conf': sets(300001), 'etc/sysctl.d/99-sysctl.conf': sets(300001) },
      '/etc/sysctl.d/99-sysctl.conf sets 300001',
    ],
    [
      'systemd: an unlinked /etc/sysctl.conf does not override files read at boot',
      { ...SYSTEMD, 'etc/sysctl.conf': sets(300001), 'etc/sysctl.d/50.conf': sets(300002) },
      '/etc/sysctl.d/50.conf sets 300002',
    ],
    [
      'a sysctl beats hashsize',
      { 'etc/sysctl.d/50.conf': sets(300001), 'etc/modprobe.d/x.conf': 'options nf_conntrack hashsize=65536\n' },
      'sets 300001',
    ],
    [
      'hashsize of modprobe.conf',
      { 'etc/modprobe.conf': 'options nf_conntrack hashsize=65536\n' },
      '/etc/modprobe.conf sets hashsize=65536, for 524288',
    ],
    [
      'hashsize among other options, over two lines, in hexadecimal',
      { 'etc/modprobe.d/x.conf': 'options nf-conntrack expect_hashsize=1 \\\n  hashsize=0x10000\n' },
      'sets hashsize=65536, for 524288',
    ],
    [
      'hashsize of the kernel command line',
      { 'proc/cmdline': 'quiet nf_conntrack.hashsize=65536\n' },
      '/proc/cmdline sets hashsize=65536, for 524288',
    ],
  ])('%s', (_, files, words) => {
    const answer = debian(files);
    expect(answer).toMatchObject({ status: 1, stderr: '' });
    expect(answer.stdout).toContain(words);
  });
});

describe('accepted spellings', () => {
  test.each([
    `${KEY}=300000`,
    `  ${KEY}  =  300000  `,
    'net.nf_conntrack_max = 300000',
    'net/netfilter/nf_conntrack_max = 300000',
    `-${KEY} = 300000`,
    'net.netfilter.nf_conntrack_m* = 300000',
    'net.*.nf_conntrack_max = 300000',
    'net.netfilter.* = 300000',
    'net/netfilter/nf_conntrack_ma? = 300000',
    'net.netfilter.nf_conntrack_[lm]ax = 300000',
    'net.ipv4.netfilter.ip_conntrack_max = 300000',
    'net.ipv4.ip_conntrack_max = 300000',
  ])('%s', (line) => {
    expect(debian({ 'etc/sysctl.d/50.conf': `# ${KEY}=1\n; x\n${line}\n` }).stdout).toContain(
      '/etc/sysctl.d/50.conf sets 300000;',
    );
  });

  test.each([
    `# ${KEY} = 300000`,
    `; ${KEY} = 300000`,
    'net.netfilter.nf_conntrack_maximum = 300000',
    'net.netfilter.nf_conntrack_buckets = 300000',
    'net.ipv4.conf.*.rp_filter = 300000',
    `${KEY} = 300000k`,
    `${KEY} = -1`,
    `${KEY} = 0`,
    `${KEY} =`,
    `-${KEY}`,
    'net.netfilter.nf_conntrack_[ = 300000',
  ])('ignores %s', (line) => {
    expect(debian({ 'etc/sysctl.d/50.conf': `${line}\n` })).toMatchObject({ status: 0 });
  });

  test('ignores files with another ending, and hashsize of other modules', () => {
    const files = {
      'etc/sysctl.d/50.conf.bak': `${KEY}=300000\n`,
      'etc/modprobe.d/x.conf':
        'options nf_conntrack_ftp hashsize=65536\n#options nf_conntrack hashsize=65536\noptions nf_conntrack expect_hashsize=65536\n',
      'proc/cmdline': 'xnf_conntrack.hashsize=65536 nf_conntrack.expect_hashsize=65536\n',
    };
    expect(debian(files)).toMatchObject({ status: 0 });
  });

  test('a line with the name beats a later pattern', () => {
    const lines = `${KEY} = 300000\nnet.netfilter.* = 400000\n`;
    expect(debian({ 'etc/sysctl.d/50.conf': lines }).stdout).toContain('sets 300000;');
  });
});

describe('likely causes, each only with its evidence', () => {
  const wanted = { 'etc/sysctl.d/50.conf': `${KEY}=1000000\n` };
  const module = { 'proc/modules': 'nf_conntrack 200704 1 nft_ct, Live 0x0\n', ...SYSTEMD, captured: '' };
  test.each<[string, Changes, RegExp | undefined]>([
    [
      'loaded after sysctl',
      { ...wanted, ...module },
      /not loaded at boot, .*echo nf_conntrack >\/etc\/modules-load\.d\/nf_conntrack\.conf/,
    ],
    ['not if it is loaded at boot', { ...wanted, ...module, 'etc/modules-load.d/x.conf': 'nf_conntrack\n' }, undefined],
    ['nor if it is in /etc/modules', { ...wanted, ...module, 'etc/modules': '# x\nnf_conntrack\n' }, undefined],
    [
      'nor if modprobe sets it again',
      {
        ...wanted,
        ...module,
        'etc/modprobe.d/f.conf':
          'install nf_conntrack /sbin/modprobe --ignore-install nf_conntrack && /sbin/sysctl --system\n',
      },
      undefined,
    ],
    ['nor where the tree does not have the folders', { ...wanted, ...module, captured: null }, undefined],
    ['nor where it is built in', { ...wanted, 'proc/modules': 'xfs 1 1 - Live 0x0\n' }, undefined],
  ])('%s', (_, files, words) => {
    const { stdout } = debian(files, '-v');
    expect(stdout).toContain('\nconfigured limit: 1000000, /etc/sysctl.d/50.conf ');
    if (words === undefined) expect(stdout).not.toContain('not loaded at boot');
    else expect(stdout).toMatch(words);
  });

  test('no hashsize', () => {
    expect(debian({ ...wanted, ...module }, '-v').stdout).toContain(
      'options nf_conntrack hashsize=125000 in /etc/modprobe.d/nf_conntrack.conf',
    );
    const configured = { ...wanted, ...module, 'etc/modprobe.d/x.conf': 'options nf_conntrack hashsize=125000\n' };
    expect(debian(configured, '-v').stdout).not.toContain('hashsize=125000 in');
  });

  test('built in: modprobe options do nothing', () => {
    const files = {
      'etc/modprobe.d/x.conf': 'options nf_conntrack hashsize=65536\n',
      'proc/modules': 'xfs 1 1 - Live 0x0\n',
    };
    expect(debian(files, '-v').stdout).toContain('put nf_conntrack.hashsize=65536 on its command line');
    expect(debian({ ...files, ...module }, '-v').stdout).not.toContain('command line');
  });

  test('systemd does not read /etc/sysctl.conf at boot without the link', () => {
    const files = { 'etc/sysctl.conf': `${KEY}=1000000\n` };
    expect(debian({ ...files, ...SYSTEMD }, '-v').stdout).toContain(
      'systemd does not read /etc/sysctl.conf at boot here; ln -s ../sysctl.conf',
    );
    expect(debian(files, '-v').stdout).not.toContain('systemd');
  });

  test('a key that this kernel lacks', () => {
    const files = { 'etc/sysctl.conf': 'net.ipv4.ip_conntrack_max=1000000\n' };
    expect(debian(files, '-v').stdout).toContain(
      'this kernel has no net.ipv4.ip_conntrack_max; use net.netfilter.nf_conntrack_max',
    );
  });

  test("kube-proxy's limit on a Kubernetes node, which plan mentions", () => {
    const limit = { ...wanted, 'proc/sys/net/netfilter/nf_conntrack_max': '131072\n' };
    const node = { ...limit, 'var/lib/kubelet/config.yaml': '', 'sys/devices/system/cpu/online': '0-3\n' };
    expect(debian(node, '-v').stdout).toContain('limit is 131072 but /etc/sysctl.d/50.conf sets 1000000; 12 entries');
    expect(debian(node, '-v').stdout).toContain(
      '\nlikely cause: kube-proxy sets it when it starts, by default 32768 for each CPU',
    );
    expect(debian(limit, '-v').stdout).toContain(
      '\nlikely cause: loading the module with these buckets would not set 131072: ',
    );
    const plan = ['plan', '--max', '1000000', '--root'];
    expect(plugin(...plan, tree('debian-12-synthetic', node)).stdout).toContain('      --conntrack-min=1000000\n');
    expect(plugin(...plan, tree('debian-12-synthetic', limit)).stdout).not.toContain('kube-proxy');
  });
});

function unreadable(path: string): void {
  writeFileSync(path, 'secret');
  chmodSync(path, 0);
}

describe('no finding', () => {
  const wanted = { 'etc/sysctl.d/50.conf': `${KEY}=1000000\n` };
  test('outside the initial namespace', () => {
    expect(debian({ ...wanted, 'proc/sys/net/nf_conntrack_max': null }, '-v')).toMatchObject({ status: 0 });
  });

  test('no limit set', () => {
    const none = { 'proc/sys/net/netfilter/nf_conntrack_max': '0\n' };
    expect(debian({ ...wanted, ...none }).stdout).toMatch(/^CONNTRACK OK - 12 entries, no limit set/);
  });

  test('above the configured limit: a note', () => {
    const answer = debian({ 'etc/sysctl.d/50.conf': `${KEY}=1000\n` }, '-v');
    expect(answer.status).toBe(0);
    expect(answer.stdout).toContain(
      `\nconfigured limit: 1000, /etc/sysctl.d/50.conf (${KEY}=1000): a reboot loses the live 262144 unless its source sets it again\n`,
    );
  });

  test('a file that cannot be read may set anything', () => {
    const files = {
      ...wanted,
      'etc/sysctl.d/60.conf': unreadable,
    };
    const root = tree('debian-12-synthetic', { 'proc/sys/net/nf_conntrack_max': `${LIVE}\n`, ...files });
    const line = [...RUN, '--root', root, '-v'];
    const [file = '', ...rest] =
      process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', ...line] : line;
    const answer = command(file, rest);
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toMatch(
      /\nconfigured limit not judged: cannot read \S+\/etc\/sysctl\.d\/60\.conf: permission denied\n/,
    );
  });

  test('a disabled file, and a missing one', () => {
    const files = {
      'etc/sysctl.d/50.conf': (path: string) => symlinkSync('/dev/null', path),
      'usr/lib/sysctl.d/50.conf': `${KEY}=1000000\n`,
      'etc/sysctl.d/60.conf': (path: string) => symlinkSync('nowhere', path),
    };
    const answer = debian(files, '-v');
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).not.toContain('configured limit');
  });

  test('hostile names and keys are sanitised', () => {
    const answer = debian({ 'etc/sysctl.d/a|b\n.conf': `net.*.nf_conntrack_max=300000\n` }, '-v');
    expect(answer.stdout).toContain('limit is 262144 but /etc/sysctl.d/a?b?.conf sets 300000;');
    expect(answer.stdout.split('\n')[0]?.split('|').length).toBe(2);
  });
});
