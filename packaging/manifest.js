// Writes what npm reads of a package that is published, and what lies beside it:
//     node packaging/manifest.js main FOLDER PLATFORM…
//     node packaging/manifest.js platform PLATFORM FOLDER
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nativeNotices, packageNotices } from './notices.js';

const root = join(import.meta.dirname, '..');
const read = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const { version, license } = read(root);

function write(folder, manifest) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** What only a clone needs is left out; what bin/setup runs stays. */
function writeMain(folder, platforms) {
  const { devDependencies, scripts, allowScripts, ...manifest } = read(folder);
  write(folder, {
    ...manifest,
    files: [...manifest.files, 'THIRD_PARTY.md'],
    scripts: { 'build:native': scripts['build:native'] },
    optionalDependencies: Object.fromEntries(platforms.map((name) => [`cnn-${name}`, version])),
  });
  writeFileSync(join(folder, 'THIRD_PARTY.md'), packageNotices(root));
}

function writePlatform(platform, folder) {
  const [os, cpu] = platform.split('-');
  write(folder, {
    name: `cnn-${platform}`,
    version,
    description: `The compiled part of the package cnn, for ${platform} with glibc`,
    license,
    os: [os],
    cpu: [cpu],
    libc: ['glibc'],
    files: [...readdirSync(folder), 'THIRD_PARTY.md'],
  });
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(
    join(folder, 'THIRD_PARTY.md'),
    nativeNotices(join(root, 'build/packages'), platform),
  );
}

const [kind, ...rest] = process.argv.slice(2);
if (kind === 'main') writeMain(rest[0], rest.slice(1));
else writePlatform(rest[0], rest[1]);
