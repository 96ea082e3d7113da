/**
 * Which columns of a Parquet file are images and labels, and what the classes are called: by what
 * Hugging Face's datasets writes into the file, else by the dataset's README, else by their names.
 */
import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Opened, readTextIfPossible } from '../../opened.js';

export interface Columns {
  /** The path of the column with the bytes of the images. */
  readonly image: readonly string[];
  readonly label: string;
  /** The classes in the order of their labels, where anything says so. */
  readonly names: readonly string[] | undefined;
}

const MOST_README_BYTES = 2 ** 20;
const IMAGES = /^(image|img|picture|photo|pixel_values|jpg|png)s?$/i;
const LABELS =
  /^(label|fine_label|class|category|target|cls|y|label_id|class_id|breed|species)s?$/i;

/** In a file: `names` is a list. In a README: it is one, or a map from numbers. */
const namesSchema = z.union([
  z.array(z.coerce.string()),
  z.record(z.string(), z.coerce.string()).transform(inOrder),
]);
const fileFeature = z.looseObject({ _type: z.string(), names: namesSchema.optional() });
const fileFeatures = z.record(z.string(), z.unknown());
const fileSchema = z.object({ info: z.object({ features: fileFeatures }) });
const readmeFeature = z.looseObject({
  name: z.string(),
  dtype: z.union([
    z.string(),
    z.looseObject({ class_label: z.looseObject({ names: namesSchema }).optional() }),
  ]),
});
const readmeSchema = z.looseObject({ features: z.array(z.unknown()) });

/** What is known of a column: an image, or a label with the names of its classes. */
interface Feature {
  readonly name: string;
  readonly isImage: boolean;
  readonly names?: readonly string[] | undefined;
}

/** The columns of images and labels among all; a sentence that says what is missing where there are none. */
export function findColumns(
  metadata: FileMetaData,
  children: readonly SchemaTree[],
  places: readonly Opened[],
): Columns | string {
  const features = [...ofFile(metadata), ...places.flatMap(ofReadme)];
  const images = children.flatMap(({ element, children: below }) => {
    const bytes = below.find((child) => child.element.name === 'bytes');
    const leaf = bytes ?? (below.length === 0 ? { element } : undefined);
    if (leaf?.element.type !== 'BYTE_ARRAY' || isText(leaf.element)) return [];
    return [bytes ? [element.name, 'bytes'] : [element.name]];
  });
  const known = features.find(({ isImage }) => isImage)?.name;
  const image =
    images.find(([name]) => name === known) ??
    images.find(([name = '']) => IMAGES.test(name)) ??
    (images.length === 1 ? images[0] : undefined);
  const columns = children.map(({ element }) => element.name).join(', ');
  if (image === undefined) {
    return `no column of images: expected "image" with the bytes of an image file but found ${columns}`;
  }
  const flat = children
    .filter(({ element, children: below }) => below.length === 0 && isLabel(element))
    .map(({ element }) => element.name)
    .filter((name) => name !== image[0]);
  const classed = features.filter(({ name, names }) => names !== undefined && flat.includes(name));
  const label =
    classed.find(({ name }) => LABELS.test(name))?.name ??
    classed[0]?.name ??
    flat.find((name) => LABELS.test(name));
  if (label === undefined) {
    return `no column of labels: expected "label" with numbers or texts but found ${columns}`;
  }
  return {
    image,
    label,
    names: features.find(({ name, names }) => name === label && names)?.names,
  };
}

function isText({ converted_type, logical_type }: SchemaElement): boolean {
  return converted_type === 'UTF8' || logical_type?.type === 'STRING';
}

function isLabel(element: SchemaElement): boolean {
  const { type } = element;
  return type === 'INT32' || type === 'INT64' || (type === 'BYTE_ARRAY' && isText(element));
}

function ofFile({ key_value_metadata = [] }: FileMetaData): Feature[] {
  const text = key_value_metadata.find(({ key }) => key === 'huggingface')?.value;
  const found = fileSchema.safeParse(parsed(JSON.parse, text));
  if (!found.success) return [];
  return Object.entries(found.data.info.features).flatMap(([name, value]) => {
    const feature = fileFeature.safeParse(value);
    if (!feature.success) return [];
    const { _type, names } = feature.data;
    return [
      { name, isImage: _type === 'Image', names: _type === 'ClassLabel' ? names : undefined },
    ];
  });
}

/** By `dataset_info` at the head of a README.md, of the first configuration. */
function ofReadme(place: Opened): Feature[] {
  if (!place.contents.files.includes('README.md')) return [];
  const text = readTextIfPossible(place, 'README.md', MOST_README_BYTES);
  const [, head] = /^---\r?\n(.*?)\r?\n---/s.exec(text ?? '') ?? [];
  const { dataset_info: info } = (parsed(parse, head) ?? {}) as { readonly dataset_info?: unknown };
  const found = readmeSchema.safeParse(Array.isArray(info) ? info[0] : info);
  if (!found.success) return [];
  return found.data.features.flatMap((value) => {
    const feature = readmeFeature.safeParse(value);
    if (!feature.success) return [];
    const { name, dtype } = feature.data;
    if (typeof dtype === 'string') return [{ name, isImage: dtype === 'image' }];
    return [{ name, isImage: false, names: dtype.class_label?.names }];
  });
}

function parsed(parser: (text: string) => unknown, text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parser(text);
  } catch {
    return undefined;
  }
}

/** The names of `{'0': 'cat', '1': 'dog'}`. */
function inOrder(names: Readonly<Record<string, string>>): string[] {
  return Object.keys(names)
    .sort((a, b) => Number(a) - Number(b))
    .map((key) => names[key] as string);
}
