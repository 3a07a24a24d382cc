// The image for containers, as an OCI archive that `podman load` and `skopeo copy oci-archive:` read. It is made from
// scratch: the executable, a program that runs it every minute, and the few tools that it runs. By default it checks the
// host's tables, with the host's / at /host.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from '../top.mjs';
import { date, sourceOf } from './files.mjs';

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
/** Names of src/system/image-tools.c, which src/kernel/tools.ts runs by these paths. */
const TOOLS = ['usr/bin/nsenter', 'usr/bin/cat', 'usr/bin/grep', 'usr/sbin/conntrack'];
const TYPE = 'application/vnd.oci.image';

export function image(about) {
  const folder = join(about.work, 'image');
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const blob = (mediaType, bytes) => {
    const sum = sha256(bytes);
    writeFileSync(join(blobs, sum), bytes);
    return { mediaType, digest: `sha256:${sum}`, size: Buffer.byteLength(bytes) };
  };
  const files = layer(about);
  const config = blob(`${TYPE}.config.v1+json`, JSON.stringify(configOf(about, files)));
  const packed = execFileSync('gzip', ['-9nc'], { input: files, maxBuffer: 1 << 27 });
  const layers = [blob(`${TYPE}.layer.v1.tar+gzip`, packed)];
  const mediaType = `${TYPE}.manifest.v1+json`;
  const manifest = blob(mediaType, JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  const annotations = { 'org.opencontainers.image.ref.name': `localhost/check_conntrack:${about.version}` };
  const index = { schemaVersion: 2, mediaType: `${TYPE}.index.v1+json`, manifests: [{ ...manifest, annotations }] };
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  date(folder, about.epoch);
  const name = `check-conntrack_${about.version}_linux-${about.arch}.oci.tar`;
  writeFileSync(join(about.output, name), tarOf(folder));
}

function configOf({ arch, version, epoch, parts, url }, files) {
  const created = new Date(1000 * epoch).toISOString();
  const labels = { title: 'check_conntrack', version, revision: parts.commit, licenses: 'MIT', source: url };
  const named = Object.entries(labels).filter(([, value]) => value !== undefined);
  return {
    architecture: ARCHITECTURES[arch],
    os: 'linux',
    created,
    config: {
      Entrypoint: ['/check_conntrack'],
      Cmd: ['--root', '/host', '--netns', 'all'],
      Labels: Object.fromEntries(named.map(([name, value]) => [`org.opencontainers.image.${name}`, value])),
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(files)}`] },
    history: [{ created, created_by: 'npm run packages' }],
  };
}

function layer(about) {
  const folder = join(about.work, 'image-root');
  // A read-only root still needs the place where the host's is mounted.
  for (const place of ['host', 'licenses']) mkdirSync(join(folder, place), { recursive: true });
  copyFileSync(sourceOf(about, 'PROGRAM'), join(folder, 'check_conntrack'));
  copyFileSync(join(top, `build/linux-${about.arch}/every`), join(folder, 'every'));
  for (const place of ['usr/bin', 'usr/sbin']) mkdirSync(join(folder, place), { recursive: true });
  copyFileSync(join(top, `build/linux-${about.arch}/image-tools`), join(folder, 'usr/bin/image-tools'));
  for (const name of TOOLS) symlinkSync('../bin/image-tools', join(folder, name));
  copyFileSync(sourceOf(about, 'COPYRIGHT'), join(folder, 'licenses/check_conntrack'));
  date(folder, about.epoch);
  return tarOf(folder);
}

function tarOf(folder) {
  const words = ['--sort=name', '--format=ustar', '--owner=root:0', '--group=root:0', '--mode=u=rwX,go=rX'];
  return execFileSync('tar', [...words, '-C', folder, '-cf-', '.'], { maxBuffer: 1 << 27 });
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
