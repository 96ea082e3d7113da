import sharp, { type OverlayOptions, type Sharp } from 'sharp';

/** Smaller images are enlarged to at least this many pixels. */
const LEAST_TILE = 112;
const GAP = 8;
const LABEL_HEIGHT = 20;

interface Sheet {
  /** Side of an image. */
  readonly size: number;
  readonly channels: 1 | 3;
  /** Images in a row. */
  readonly columns: number;
}

/** Images (N, size, size, channels) in rows, each with its label below. */
export async function drawContactSheet(
  images: Uint8Array,
  labels: readonly string[],
  { size, channels, columns }: Sheet,
): Promise<Sharp> {
  const side = size * Math.ceil(LEAST_TILE / size);
  const across = side + GAP;
  const down = side + LABEL_HEIGHT + GAP;
  const bytes = size * size * channels;
  const place = (index: number) => ({
    left: GAP + (index % columns) * across,
    top: GAP + Math.floor(index / columns) * down,
  });
  const tiles = labels.map(async (_, index): Promise<OverlayOptions> => {
    const raw = { width: size, height: size, channels };
    const image = sharp(images.subarray(index * bytes, (index + 1) * bytes), { raw });
    const input = await image.resize(side, side, { kernel: 'nearest' }).png().toBuffer();
    return { input, ...place(index) };
  });
  const width = GAP + columns * across;
  const height = GAP + Math.ceil(labels.length / columns) * down;
  const texts = labels.map((label, index) => {
    const { left, top } = place(index);
    return `<text x="${left}" y="${top + side + 15}">${escapeXml(fitted(label, side))}</text>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">${texts.join('')}</svg>`;
  const canvas = { width, height, channels: 3 as const, background: 'white' };
  const layers = [...(await Promise.all(tiles)), { input: Buffer.from(svg), left: 0, top: 0 }];
  return sharp({ create: canvas }).composite(layers).removeAlpha();
}

/** A label that is not wider than its image; a letter of 13 pixels is about 7 wide. */
function fitted(label: string, width: number): string {
  const letters = Math.floor(width / 7);
  return label.length <= letters ? label : `${label.slice(0, letters - 1)}…`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
