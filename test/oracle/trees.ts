// Generated trees of settings, from a seed: plausible ones and odd ones.

import fc from 'fast-check';

/** By path below the root: the text of a file, or the target of a link. */
export type Tree = Readonly<Record<string, string | { readonly link: string }>>;

const LIMIT = 'net.netfilter.nf_conntrack_max';
const OTHER = 'net.nf_conntrack_max';

const key = fc.constantFrom(
  LIMIT,
  LIMIT,
  OTHER,
  'net/netfilter/nf_conntrack_max',
  'net/nf_conntrack_max',
  'net.netfilter/nf_conntrack_max',
  'net/netfilter.nf_conntrack_max',
  '/net/netfilter/nf_conntrack_max',
  'net..netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_*',
  'net.netfilter.nf_conntrack_ma?',
  'net.*.nf_conntrack_max',
  'net.nf_conntrack_*',
  'net.nf_conntrack_[l-n]ax',
  'net/netfilter/nf_conntrack_m*',
  'net.netfilter.nf_conntrack_maximum',
  'net.ipv4.ip_conntrack_max',
  'kernel.nothing',
);
const number = fc.integer({ min: 1000, max: 2_000_000 });
const value = fc.oneof(
  { weight: 6, arbitrary: number.map(String) },
  { weight: 1, arbitrary: number.map((figure) => `0x${figure.toString(16)}`) },
  { weight: 1, arbitrary: number.map((figure) => `${figure}k`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('x', '655360/n', '4294967296', '5000 6000', '5000 # five', '5000#five', '"5000"'),
  },
);
const blank = fc.constantFrom('', '', ' ', '\t');
const assignment = fc
  .tuple(blank, fc.constantFrom('', '', '', '-', '- '), key, blank, blank, value, fc.constantFrom('', '', ' ', '\r'))
  .map(([before, minus, name, left, right, figure, end]) => `${before}${minus}${name}${left}=${right}${figure}${end}`);
const line = fc.oneof(
  { weight: 8, arbitrary: assignment },
  { weight: 1, arbitrary: fc.constantFrom(`-${LIMIT}`, `-${OTHER}`, LIMIT, '-net.netfilter.nf_conntrack_*') },
  { weight: 1, arbitrary: assignment.map((text) => `#${text}`) },
  { weight: 1, arbitrary: assignment.map((text) => `  ; ${text}`) },
  { weight: 1, arbitrary: fc.constantFrom('', '# conntrack', 'conntrack', '\\') },
);
const lines = fc.array(line, { maxLength: 4 }).map((all) => all.map((text) => `${text}\n`).join(''));

const FOLDERS = ['etc', 'run', 'usr/local/lib', 'usr/lib'];

function entries<T>(folder: string, names: readonly string[], content: fc.Arbitrary<T>): fc.Arbitrary<[string, T]> {
  return fc
    .tuple(fc.constantFrom(...FOLDERS), fc.constantFrom(...names), content)
    .map(([above, name, text]) => [`${above}/${folder}/${name}`, text]);
}

const masked = { link: '/dev/null' } as const;
const sysctlFile = entries(
  'sysctl.d',
  ['00.conf', '50-a.conf', '50.conf', '99-z.conf', 'a.conf', '.hidden.conf', 'b.conf.bak', 'README'],
  fc.oneof({ weight: 6, arbitrary: lines }, { weight: 1, arbitrary: fc.constantFrom(masked, { link: 'nowhere' }) }),
);
const sysctlLink = fc
  .constantFrom(masked, { link: '../sysctl.conf' }, { link: '../sysctl.conf' }, { link: '/etc/sysctl.conf' })
  .map((link): [string, { readonly link: string }] => ['etc/sysctl.d/99-sysctl.conf', link]);

/** Files of sysctl.d(5) and sysctl.conf(5). */
export const sysctlTrees: fc.Arbitrary<Tree> = fc
  .tuple(
    fc.array(sysctlFile, { maxLength: 4 }),
    fc.option(sysctlLink, { nil: undefined }),
    fc.option(lines, { nil: undefined }),
  )
  .map(([files, link, conf]) => ({
    ...Object.fromEntries(files),
    ...(link === undefined ? {} : Object.fromEntries([link])),
    ...(conf === undefined ? {} : { 'etc/sysctl.conf': conf }),
  }));

const module = fc.constantFrom('nf_conntrack', 'nf_conntrack', 'nf-conntrack', 'nf_conntrack_ftp', 'ip_vs');
const option = fc.oneof(
  { weight: 4, arbitrary: number.map((figure) => `hashsize=${figure}`) },
  { weight: 1, arbitrary: number.map((figure) => `hashsize=0x${figure.toString(16)}`) },
  { weight: 1, arbitrary: fc.constantFrom('acct=1', 'expect_hashsize=5', 'hashsizes=7') },
);
const statement = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(blank, fc.constantFrom(' ', '\t', '  ', ' \\\n'), module, fc.array(option, { minLength: 1, maxLength: 2 }))
      .map(([before, gap, name, options]) => `${before}options${gap}${name} ${options.join(gap)}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('# options nf_conntrack hashsize=5', 'alias a b', 'blacklist nf_conntrack', ''),
  },
  { weight: 1, arbitrary: fc.constantFrom('softdep nf_conntrack pre: x', '# x \\', 'options nf_conntrack') },
);
const statements = fc.array(statement, { maxLength: 3 }).map((all) => all.map((text) => `${text}\n`).join(''));
const modprobeFile = entries(
  'modprobe.d',
  ['00.conf', '50.conf', 'nf_conntrack.conf', 'zz-firewall.conf', '.hidden.conf', 'x.conf.bak'],
  fc.oneof({ weight: 6, arbitrary: statements }, { weight: 1, arbitrary: fc.constant(masked) }),
);
const bootWord = fc.oneof(
  { weight: 2, arbitrary: number.map((figure) => `nf_conntrack.hashsize=${figure}`) },
  { weight: 1, arbitrary: number.map((figure) => `nf-conntrack.hashsize=${figure}`) },
  { weight: 2, arbitrary: fc.constantFrom('quiet', 'ro', 'root=/dev/sda1', 'nf_conntrack.acct=1', 'x="a b"') },
);

/** Files of modprobe.d(5) and the kernel's command line. */
export const modprobeTrees: fc.Arbitrary<Tree> = fc
  .tuple(fc.array(modprobeFile, { maxLength: 4 }), fc.array(bootWord, { maxLength: 3 }))
  .map(([files, words]) => ({ ...Object.fromEntries(files), 'proc/cmdline': `${words.join(' ')}\n` }));

const loaded = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('nf_conntrack', 'nf-conntrack', ' nf_conntrack ', 'nf_conntrack\r') },
  { weight: 2, arbitrary: fc.constantFrom('# nf_conntrack', ';nf_conntrack', 'nf_conntrack # x', 'nf_conntrack a=1') },
  { weight: 2, arbitrary: fc.constantFrom('br_netfilter', 'overlay', '', 'nf_conntrackx') },
);
const names = fc.array(loaded, { maxLength: 3 }).map((all) => all.map((text) => `${text}\n`).join(''));

/** Files of modules-load.d(5). */
export const moduleTrees: fc.Arbitrary<Tree> = fc
  .array(
    entries(
      'modules-load.d',
      ['00.conf', 'nf_conntrack.conf', 'zz.conf', '.hidden.conf', 'x.conf.bak', 'README'],
      fc.oneof({ weight: 6, arbitrary: names }, { weight: 1, arbitrary: fc.constant(masked) }),
    ),
    { maxLength: 3 },
  )
  .map((files) => Object.fromEntries(files));
