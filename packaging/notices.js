// THIRD_PARTY.md: what a package contains or installs that others wrote, from what is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is in a platform's package: its origin, its licence, and the files with their texts. */
const NATIVE = {
  'linux-x64': [
    {
      name: 'oneDNN 3.2 (libdnnl.so.3)',
      origin: 'onednn-cpu-gomp 2023.2.0 of PyPI, stripped',
      licence: 'Apache-2.0',
      texts: ['wheels/share/doc/onednn/LICENSE', 'wheels/share/doc/onednn/THIRD-PARTY-PROGRAMS'],
    },
    {
      name: "GCC's OpenMP (libgomp.so.1)",
      origin: 'libgomp1 of Debian 11',
      licence: 'GPL-3.0-or-later with the GCC Runtime Library Exception 3.1',
      texts: ['debian/usr/share/doc/gcc-10-base/copyright'],
    },
  ],
};

/** Linked into the addon of every platform; the compiler's own packages have the texts. */
const LINKED = [
  {
    name: 'libjpeg-turbo (in cnn.node)',
    origin: 'libjpeg62-turbo-dev of Debian 12',
    licence: 'IJG, BSD-3-Clause and Zlib',
    texts: ['/usr/share/doc/libjpeg62-turbo-dev/copyright'],
  },
  {
    name: "GCC's C++ library (in cnn.node)",
    origin: 'libstdc++-12-dev and libgcc-12-dev of Debian 12',
    licence: 'GPL-3.0-or-later with the GCC Runtime Library Exception 3.1',
    texts: ['/usr/share/doc/gcc-12-base/copyright'],
  },
];

/** Of a platform's package. */
export function nativeNotices(packages, platform) {
  const parts = [...NATIVE[platform], ...LINKED];
  const rows = parts.map(({ name, origin, licence }) => [name, origin, licence]);
  const work = join(packages, `${platform}.build`);
  const texts = parts.flatMap(({ name, texts }) =>
    texts.map((file) => quoted(name, file.startsWith('/') ? file : join(work, file))),
  );
  return [
    '# What others wrote in this package',
    table(['what', 'from', 'licence'], rows),
    ...texts,
  ].join('\n\n');
}

/** What the demo's page is made of and npm does not install. */
const BUNDLED = ['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-converter'];

/** Of the project's own package: what npm installs with it, and what its bundles are made of. */
export function packageNotices(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const rows = Object.entries(packages)
    .map(([path, found]) => ({ path, name: path.replace(/^.*node_modules\//, ''), ...found }))
    .filter(({ path, name, dev, peer }) => {
      return path !== '' && ((!dev && !peer) || BUNDLED.includes(name));
    })
    .map(({ path, name, version, license }) => [
      name,
      version,
      license ?? licenceOf(join(root, path)),
    ]);
  return [
    '# What others wrote that npm installs with this package',
    `Each brings its licence in its own folder. The demo's page, dist/demo/bundles, contains some of the TensorFlow.js packages, ${BUNDLED.join(' and ')} among them, which npm does not install.`,
    table(['package', 'version', 'licence'], rows),
    '',
  ].join('\n\n');
}

/** Of a package that says nothing of it in package-lock.json. */
function licenceOf(folder) {
  const file = existsSync(folder) && readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return file ? `see its ${file}` : 'not said';
}

function quoted(name, file) {
  return [`## ${name}`, '```', readFileSync(file, 'utf8').trimEnd(), '```'].join('\n');
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
