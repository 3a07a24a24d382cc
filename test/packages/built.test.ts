// The output of `npm run packages` in build/: sums, bills of materials, the same bytes when built again, and linters.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { expect, test } from 'vitest';
import { version } from '../../package.json';
import { DEBIAN, RED_HAT } from './files.ts';
import { BUILD, DEB, folder, forArm, IMAGE, RPM, run, TARBALL, TOP } from './support.ts';

const PACKAGES = [DEB, RPM, TARBALL, IMAGE].flatMap((path) => [path, forArm(path)]);
const BILLS = ['x64', 'arm64'].map((arch) => join(BUILD, `check-conntrack_${version}_linux-${arch}.cdx.json`));
const strict = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function textOf(path: string): string {
  return readFileSync(path, 'utf8');
}

test('SHA256SUMS has every package and every bill of materials, and is right', () => {
  const lines = textOf(join(BUILD, 'SHA256SUMS')).trimEnd().split('\n');
  const expected = [...PACKAGES, ...BILLS].sort().map((path) => `${sha256(readFileSync(path))}  ${basename(path)}`);
  expect(lines).toEqual(expected);
});

test('built again, at another time, elsewhere on earth and under another umask, they are the same bytes', () => {
  const before = textOf(join(BUILD, 'SHA256SUMS'));
  const again = `umask 077; export TZ=Pacific/Auckland LC_ALL=C; exec "$0" .dev/packages.mjs`;
  run('sh', '-c', `cd ${TOP}; ${again}`, process.execPath);
  expect(textOf(join(BUILD, 'SHA256SUMS'))).toBe(before);
  for (const path of PACKAGES) expect(statSync(path).mode & 0o777).toBe(0o644);
});

test('each holds the same files for both architectures, all of nagios/ among them', () => {
  const names = (path: string) => members(path).filter((name) => !name.endsWith('/'));
  expect(names(DEB)).toEqual(DEBIAN);
  expect(names(RPM)).toEqual(RED_HAT);
  for (const path of [DEB, RPM]) expect(names(forArm(path))).toEqual(names(path));
  const root = `check-conntrack_${version}_linux-x64/`;
  const inTarball = names(TARBALL).map((name) => name.replace(root, ''));
  expect(names(forArm(TARBALL)).map((name) => name.replace(root.replace('x64', 'arm64'), ''))).toEqual(inTarball);
  const shipped = readdirSync(join(TOP, 'nagios'), { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  const paths = shipped.map(({ name, parentPath }) => join(parentPath, name).slice(TOP.length + 1));
  expect(inTarball).toEqual(expect.arrayContaining(paths));
});

/** Sorted; of the .rpm without directories. */
function members(path: string): readonly string[] {
  if (path.endsWith('.rpm')) {
    const lines = run('rpm', '-qp', '--queryformat', '[%{FILEMODES:perms} %{FILENAMES}\\n]', path)
      .trimEnd()
      .split('\n');
    return lines
      .filter((line) => !line.startsWith('d'))
      .map((line) => line.replace(/^\S+ /, ''))
      .sort();
  }
  const list = path.endsWith('.deb') ? `dpkg-deb --fsys-tarfile ${path} | tar -t` : `tar -tzf ${path}`;
  return run('sh', '-c', list)
    .trimEnd()
    .split('\n')
    .map((name) => name.replace(/^\.\//, '/'))
    .sort();
}

test('each has the executable that was built for its architecture', () => {
  const { path, remove } = folder();
  try {
    for (const [at, arch] of ['x64', 'arm64'].entries()) {
      const built = readFileSync(join(BUILD, `linux-${arch}/check_conntrack`));
      for (const file of [DEB, RPM, TARBALL].map((name) => (at === 0 ? name : forArm(name)))) {
        run('sh', '-c', UNPACK, 'sh', path, file);
        const [found = ''] = run('find', path, '-type', 'f', '-name', 'check_conntrack', '-size', '+500k').split('\n');
        expect({ file, sum: sha256(readFileSync(found)) }).toEqual({ file, sum: sha256(built) });
        run('sh', '-c', 'rm -r "$0"/*', path);
      }
    }
  } finally {
    remove();
  }
});

const UNPACK = `cd "$1"; case $2 in *.deb) dpkg-deb -x "$2" .;; *.rpm) rpm2cpio "$2" | cpio -idm --quiet;; *) tar -xzf "$2";; esac`;

test('the bills of materials are CycloneDX 1.6 to the letter', async () => {
  for (const bill of BILLS) expect(await strict.validate(textOf(bill))).toBeNull();
  const wrong = textOf(BILLS[0] ?? '').replace('"bomFormat": "CycloneDX"', '"bomFormat": "None"');
  expect(await strict.validate(wrong)).not.toBeNull();
});

test.each(['x64', 'arm64'])('the bill of %s says what is in that executable', (arch) => {
  const program = readFileSync(join(BUILD, `linux-${arch}/check_conntrack`));
  const bill = JSON.parse(textOf(join(BUILD, `check-conntrack_${version}_linux-${arch}.cdx.json`)));
  const { component } = bill.metadata;
  expect(component).toMatchObject({ version, hashes: [{ alg: 'SHA-256', content: sha256(program) }] });
  const [commit = ''] = component.properties.map(({ value }: { value: string }) => value);
  expect(commit).toMatch(/^[\da-f]{12}(-dirty)?$/);
  expect(program.includes(commit)).toBe(true);

  const inside = new Map<string, string>(
    bill.components.map(({ name, version }: Record<string, string>) => [name, version]),
  );
  expect([...inside.keys()].sort()).toEqual(['QuickJS', 'libgcc', 'musl']);
  expect(program.includes(`QuickJS ${inside.get('QuickJS')}`)).toBe(true);
  expect(inside.get('musl')).toMatch(/^1\.\d+\.\d+-/);
});

test('lintian finds no error and no warning, and nothing in vain is overridden', () => {
  const said = run('sh', '-c', 'lintian --no-cfg --allow-root --tag-display-limit 0 "$@" 2>&1', 'sh', DEB, forArm(DEB));
  expect(said.split('\n').filter((line) => /^[EW]:|unused-override|mismatched-override/.test(line))).toEqual([]);
});

test('rpmlint finds no error and no warning but those that its configuration explains', () => {
  const configuration = join(TOP, '.dev/packages/rpmlint.toml');
  const said = run('sh', '-c', 'rpmlint -c "$@" 2>/dev/null || true', 'sh', configuration, RPM, forArm(RPM));
  expect(said).toContain('2 packages and 0 specfiles checked; 0 errors, 0 warnings');
});
