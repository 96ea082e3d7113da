/**
 * Makes a small ImageNet-like set to measure decoding and fine-tuning on: JPEGs of 500×375 pixels, a
 * quarter of them upright, cut from photographs, each of which is a class.
 *
 *     npx tsx bench/photographs.ts --out photographs
 *
 * The photographs are those of Debian's package mate-backgrounds, which is fetched but not installed,
 * or all images of a folder of your own.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { random } from '../src/rng.js';

const USAGE = `npx tsx bench/photographs.ts --out DIR [options]

  --out DIR       where train/ and val/ are made
  --count N       images in all, at least 2; default 300. Each class has one in train/ and one in
                  val/ at least, so that few images are of few photographs
  --from FOLDER   photographs to cut from; default Debian's mate-backgrounds`;

const LONG = 500;
const SHORT = 375;
/** One cut of each photograph in this many goes to val/. */
const VAL_SHARE = 5;
const QUALITY = 96;
/**
 * Deviation of the grain in grey levels. The photographs were smoothed when they were made; with it
 * an image has the 110 kB that ImageNet's have on average.
 */
const GRAIN = 5;

const grainDraw = random(0, 'subset');
const grain = Float32Array.from({ length: 1 << 16 }, () => GRAIN * grainDraw.normal());

const PHOTOGRAPH = /\.jpe?g$/i;

async function makeSet(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, count: { type: 'string' }, from: { type: 'string' } },
  });
  const { out, from } = values;
  const count = Number(values.count ?? 300);
  if (out === undefined || !Number.isInteger(count) || count < 2) throw new Error(USAGE);
  const temporary = mkdtempSync(join(tmpdir(), 'photographs-'));
  try {
    const bytes = await cutImages(from ?? fetchPhotographs(temporary), out, count);
    console.log(`${count} images of ${Math.round(bytes / count / 1000)} kB on average in ${out}`);
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/** The folder of photographs in Debian's package. */
function fetchPhotographs(folder: string): string {
  run('apt-get', ['download', 'mate-backgrounds'], folder);
  const [archive = ''] = readdirSync(folder);
  run('dpkg-deb', ['-x', archive, 'files'], folder);
  return join(folder, 'files/usr/share/backgrounds/mate/nature');
}

function run(program: string, args: readonly string[], cwd: string): void {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (done.status === 0) return;
  const reason = done.error?.message ?? done.stderr.trim();
  throw new Error(
    `${program} ${args.join(' ')} failed: ${reason}\nWithout Debian's packages give a folder of photographs with --from`,
  );
}

/** Returns the bytes of all of them. */
async function cutImages(folder: string, out: string, count: number): Promise<number> {
  const names = readdirSync(folder).filter((name) => PHOTOGRAPH.test(name));
  const photographs = names
    .sort()
    .slice(0, Math.floor(count / 2))
    .map((name) => join(folder, name));
  if (photographs.length === 0) throw new Error(`No .jpg files in ${folder}`);
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    const photograph = photographs[index % photographs.length] as string;
    const cut = Math.floor(index / photographs.length);
    const split = cut % VAL_SHARE === 0 ? 'val' : 'train';
    const place = join(out, split, parse(photograph).name.toLowerCase());
    mkdirSync(place, { recursive: true });
    const file = join(place, `${index}.JPEG`);
    writeFileSync(file, await cutImage(photograph, index));
    bytes += statSync(file).size;
  }
  return bytes;
}

/** A random box of half to all of what fits, brought to size. */
async function cutImage(photograph: string, index: number): Promise<Buffer> {
  const draw = random(0, 'subset', index);
  const { width, height } = await sharp(photograph).metadata();
  const upright = draw.uniform() < 0.25;
  const [across, down] = upright ? [SHORT, LONG] : [LONG, SHORT];
  const scale = Math.min(width / across, height / down) * (0.5 + 0.5 * draw.uniform());
  const box = { width: Math.floor(across * scale), height: Math.floor(down * scale) };
  const left = draw.below(width - box.width + 1);
  const top = draw.below(height - box.height + 1);
  const { data } = await sharp(photograph)
    .extract({ left, top, ...box })
    .resize(across, down, { fit: 'fill' })
    .sharpen({ sigma: 1 })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const offset = draw.below(grain.length);
  for (let i = 0; i < data.length; i++) {
    const level = grain[(offset + Math.floor(i / 3)) % grain.length] as number;
    data[i] = Math.min(255, Math.max(0, (data[i] as number) + level));
  }
  return sharp(data, { raw: { width: across, height: down, channels: 3 } })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

try {
  await makeSet();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
