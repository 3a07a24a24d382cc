// The bill of materials of the executable, in CycloneDX's JSON. It has no serial number, because that would differ in
// each build.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sourceOf } from './files.mjs';

export function billOfMaterials(about) {
  const inside = components(about.parts);
  const product = productOf(about);
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { timestamp: new Date(1000 * about.epoch).toISOString(), component: product },
    components: inside,
    dependencies: [
      { ref: product['bom-ref'], dependsOn: inside.map((component) => component['bom-ref']) },
      ...inside.map((component) => ({ ref: component['bom-ref'] })),
    ],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function productOf(about) {
  const { version, arch, parts } = about;
  const content = createHash('sha256')
    .update(readFileSync(sourceOf(about, 'PROGRAM')))
    .digest('hex');
  return {
    ...component('application', 'check_conntrack', version, 'MIT'),
    purl: `pkg:generic/check_conntrack@${version}?arch=${arch}`,
    hashes: [{ alg: 'SHA-256', content }],
    properties: [
      { name: 'commit', value: parts.commit },
      { name: 'architecture', value: `linux-${arch}` },
    ],
  };
}

function components({ engine, musl, gcc, hasLibgcc, npm }) {
  const source = {
    purl: `pkg:deb/debian/quickjs@${engine.version.replaceAll('-', '.')}?arch=source`,
    hashes: [{ alg: 'SHA-256', content: engine.sha256 }],
    properties: [{ name: 'hash of', value: engine.tarball }],
  };
  const libgcc = { ...component('library', 'libgcc', gcc), purl: `pkg:generic/libgcc@${gcc}` };
  return [
    { ...component('framework', engine.name, engine.version, 'MIT'), ...source },
    { ...component('library', 'musl', musl, 'MIT'), purl: `pkg:deb/debian/musl@${musl}?arch=source` },
    ...(hasLibgcc ? [{ ...libgcc, licenses: [{ expression: 'GPL-3.0-or-later WITH GCC-exception-3.1' }] }] : []),
    ...npm.map(({ name, version, license }) => {
      return { ...component('library', name, version, license), purl: `pkg:npm/${name}@${version}` };
    }),
  ];
}

function component(type, name, version, licence) {
  const licenses = licence === undefined ? {} : { licenses: [{ license: { id: licence } }] };
  return { type, 'bom-ref': `${name}@${version}`, name, version, ...licenses };
}
