/**
 * WebDataset: tar files in which the files of a sample follow each other and share their name up to
 * the first dot: `000001.jpg`, `000001.cls`, `000001.json`.
 * https://github.com/webdataset/webdataset
 *
 * The class of a sample is the text of its .cls file, else the field `cls`, `label` or `class` of
 * its .json file: a name, or a number. Numbers become names by a file classes.txt, classnames.txt
 * or synsets.txt beside the shards, one name for each number from 0 on; without one they stay
 * numbers.
 */
import { z } from 'zod';
import { DataError } from '../../errors.js';
import { TableBuilder } from '../image-table.js';
import type { Archive, ReadMember } from './archive.js';
import { type Contents, imagesAmong, pathOf } from './folder.js';
import type { Labelled } from './labelled.js';
import { byCodeUnit } from './names.js';
import type { Survey } from './survey.js';
import type { Member } from './tar.js';

const CLASS_LISTS = ['classes.txt', 'classnames.txt', 'synsets.txt'];
/** Files that are looked at to tell a shard from another tar file. */
const SAMPLE_FILES = 32;
/** A label that long is damage. */
const MOST_LABEL_BYTES = 1 << 20;

const labelSchema = z.union([z.string(), z.int().transform(String)]);
const jsonSchema = z
  .looseObject({
    cls: labelSchema.optional(),
    label: labelSchema.optional(),
    class: labelSchema.optional(),
  })
  .transform(({ cls, label, class: name }) => cls ?? label ?? name);

interface Sample {
  readonly key: string;
  /** Its files by their ending in lower case. */
  readonly parts: Map<string, Member>;
}

/** Whether a tar file holds samples of images with a .cls or .json file beside each. */
export async function isShard(archive: Archive): Promise<boolean> {
  const [first] = samplesOf(await archive.members(SAMPLE_FILES));
  if (first === undefined) return false;
  return imageOf(first) !== undefined && (first.parts.has('cls') || first.parts.has('json'));
}

/** Reads the shards in `path` in the order of their names; `beside` are the folders that may hold the class list. */
export async function readShards(
  path: string,
  shards: readonly Archive[],
  beside: readonly Contents[],
  survey: Survey,
): Promise<Labelled> {
  const images = new TableBuilder();
  const labelOf: string[] = [];
  let others = 0;
  for (const shard of shards) {
    images.place(shard.place);
    await shard.withSamples((members, read) => {
      for (const sample of samplesOf(members)) {
        const image = imageOf(sample);
        if (image === undefined) {
          others++;
          continue;
        }
        labelOf.push(readLabel(sample, `${pathOf(shard)}:${sample.key}`, read));
        images.add({ name: image.path, size: image.size, offset: image.offset });
        survey.count();
      }
    });
  }
  if (others > 0) survey.note(`${others} samples in shards have no image: left out.`);
  const { classes, labels } = numberLabels(labelOf, beside);
  return { path, kind: 'shards', classes, images: images.build(), labels };
}

function* samplesOf(members: readonly Member[]): Generator<Sample> {
  let sample: Sample | undefined;
  for (const member of members) {
    const match = /^((?:.*\/)?[^/.]+)\.([^/]*)$/.exec(member.path);
    if (match === null) continue;
    const [, key = '', ending = ''] = match;
    if (sample !== undefined && sample.key !== key) yield sample;
    if (sample?.key !== key) sample = { key, parts: new Map() };
    sample.parts.set(ending.toLowerCase(), member);
  }
  if (sample !== undefined) yield sample;
}

function imageOf({ parts }: Sample): Member | undefined {
  return [...parts.values()].find(({ path }) => imagesAmong([path]).length > 0);
}

/** `sample` is its name for messages. */
function readLabel({ parts }: Sample, sample: string, read: ReadMember): string {
  const text = (ending: string) => {
    const member = parts.get(ending);
    return member && read(member, MOST_LABEL_BYTES).toString('utf8');
  };
  const label = text('cls')?.trim() ?? labelInJson(text('json'), sample);
  if (label !== undefined && label !== '') return label;
  throw new DataError(
    `The sample ${sample} has no class: expected a .cls file, or a .json file with "cls", "label" or "class".`,
  );
}

function labelInJson(text: string | undefined, sample: string): string | undefined {
  if (text === undefined) return undefined;
  try {
    return jsonSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DataError(`Expected ${sample}.json to be an object with a class.`, { cause });
  }
}

/** The classes that occur, in their order, and the index of each label among them. */
function numberLabels(labelOf: readonly string[], beside: readonly Contents[]) {
  const numeric = labelOf.every((label) => /^\d+$/.test(label));
  const names = numeric ? classList(beside) : undefined;
  const nameOf = (label: string) => {
    if (names === undefined) return numeric ? String(Number(label)) : label;
    const name = names.lines[Number(label)];
    if (name !== undefined) return name;
    throw new DataError(
      `A sample has the class ${label} but ${names.file} names only ${names.lines.length}, from 0 on.`,
    );
  };
  const known = new Map([...new Set(labelOf)].map((label) => [label, nameOf(label)]));
  const order = numeric && names === undefined ? (a: string, b: string) => +a - +b : byCodeUnit;
  const classes = [...new Set(known.values())].sort(order);
  const indices = new Map(classes.map((name, index) => [name, index]));
  const labels = Int32Array.from(labelOf, (label) => indices.get(known.get(label) ?? '') ?? -1);
  return { classes, labels };
}

/** The first class list beside the shards: the first word of each line, or the line. */
function classList(beside: readonly Contents[]) {
  for (const contents of beside) {
    const file = CLASS_LISTS.find((name) => contents.files.includes(name));
    if (file === undefined) continue;
    const lines = contents.read(file).toString('utf8').trim().split(/\r?\n/);
    return { file, lines: lines.map((line) => /^n\d{8}\b/.exec(line)?.[0] ?? line.trim()) };
  }
  return undefined;
}
