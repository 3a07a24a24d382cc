// Builds nf_conntrack of a Debian kernel with CONFIG_NF_CONNTRACK_PROCFS off, as in Ubuntu. The option affects only one
// member of a structure, so only the modules that use it are built: half a minute. A minimal whole kernel took seven.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MODULES = ['nf_conntrack', 'nf_conntrack_netlink', 'nft_ct'];

/** Returns the contents of each module, by name. `root` is a directory for unpacking packages of that release. */
export function withoutProcfs(apt, scratch, root, release) {
  const [series] = /^\d+\.\d+/.exec(release);
  const [, abi, flavour] = /^(.*?)-(cloud-.*)$/.exec(release);
  const headers = [`linux-headers-${abi}-${flavour}`, `linux-headers-${abi}-common`, `linux-kbuild-${series}`];
  apt('apt-get', 'download', ...headers, `linux-source-${series}`);
  const debs = readdirSync(scratch).filter((name) => name.endsWith('.deb'));
  const deb = (name) =>
    join(
      scratch,
      debs.find((file) => file.startsWith(`${name}_`)),
    );
  for (const name of headers) execFileSync('dpkg-deb', ['-x', deb(name), root]);
  const tree = join(root, 'usr/src', headers[0]);
  // It refers to the other package by its installed path.
  const makefile = join(tree, 'Makefile');
  writeFileSync(makefile, readFileSync(makefile, 'utf8').replaceAll('/usr/src', join(root, 'usr/src')));
  const source = join(scratch, 'source');
  mkdirSync(source);
  const unpack = `dpkg-deb --fsys-tarfile "$1" | tar xO "./usr/src/$2.tar.xz" | xz -dc -T0 | tar x --strip-components=3 "$2/net/netfilter"`;
  const name = `linux-source-${series}`;
  execFileSync('bash', ['-o', 'pipefail', '-c', unpack, 'bash', deb(name), name], { cwd: source });
  return built(source, tree);
}

function built(source, tree) {
  const lines = /^nf_conntrack-y[\s\S]*?(?=\nobj-)/m.exec(readFileSync(join(source, 'Makefile'), 'utf8'))[0];
  const own = `obj-m := ${MODULES.map((name) => `${name}.o`).join(' ')}\nccflags-y += -include $(src)/off.h`;
  writeFileSync(join(source, 'Makefile'), `${lines}\n${own}\n`);
  // The headers' configuration is included before any compiler option takes effect.
  writeFileSync(join(source, 'off.h'), '#undef CONFIG_NF_CONNTRACK_PROCFS\n');
  const make = ['-s', '-j2', '-C', tree, `M=${source}`, 'CC=gcc', 'KCFLAGS=-g0', 'modules'];
  execFileSync('make', make, { stdio: 'pipe', encoding: 'utf8' });
  return Object.fromEntries(MODULES.map((name) => [name, readFileSync(join(source, `${name}.ko`))]));
}
