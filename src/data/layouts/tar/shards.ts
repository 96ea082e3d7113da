/**
 * WebDataset: tar files in which the files of a sample follow each other and share their name up to
 * the first dot: `000001.jpg`, `000001.cls`, `000001.json`.
 * https://github.com/webdataset/webdataset
 *
 * The class of a sample is the text of its .cls file, else the field `cls`, `label` or `class` of
 * its .json file: a name, or a number. Numbers become names by a file classes.txt, classnames.txt
 * or synsets.txt beside the shards, one name for each number from 0 on; without one they stay
 * numbers. A file with more than one dot has an ending of several words: `000001.v2.cls`.
 */
import { z } from 'zod';
import { DataError } from '../../../errors.js';
import { printable } from '../../../system/file-names.js';
import { decodeText, splitLines } from '../../../system/text.js';
import { TableBuilder } from '../../image-table.js';
import { pathOf } from '../folder.js';
import { ClassNames } from '../labels/class-names.js';
import type { Labelled } from '../labels/labelled.js';
import { byCodeUnit, list } from '../names.js';
import { type Opened, readText } from '../opened.js';
import type { Survey } from '../survey.js';
import type { Archive, ReadMember } from './archive.js';
import { imagesOf, partOf, type Sample, samplesOf } from './samples.js';
import type { Member } from './tar.js';

const CLASS_LISTS = ['classes.txt', 'classnames.txt', 'synsets.txt'];
/** A label that long is damage. */
const MOST_LABEL_BYTES = 1 << 20;
/** Shards whose problems are told one by one. */
const MOST_PROBLEMS = 20;

const labelSchema = z.union([z.string(), z.int().transform(String)]);
const jsonSchema = z
  .looseObject({
    cls: labelSchema.optional(),
    label: labelSchema.optional(),
    class: labelSchema.optional(),
  })
  .transform(({ cls, label, class: name }) => cls ?? label ?? name);

/** Reads the shards in `path` in the order of their names; `beside` are the folders that may hold the class list. */
export async function readShards(
  path: string,
  shards: readonly Archive[],
  beside: readonly Opened[],
  survey: Survey,
): Promise<Labelled> {
  const images = new TableBuilder();
  const labelOf: string[] = [];
  const problems: string[] = [];
  let others = 0;
  for (const shard of shards) {
    images.place(shard.place);
    try {
      await shard.withSamples((members, read, ended) => {
        const reader = new ShardReader(shard, members, read, ended);
        for (const { image, label } of reader.samples()) {
          labelOf.push(label);
          images.add({ name: image.path, size: image.size, offset: image.offset });
          survey.count();
        }
        others += reader.withoutImage;
        problems.push(...reader.problems());
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push(error.message);
    }
  }
  for (const problem of problems.slice(0, MOST_PROBLEMS)) survey.problem(problem);
  if (problems.length > MOST_PROBLEMS) {
    survey.problem(`${problems.length - MOST_PROBLEMS} more shards in ${path} have problems.`);
  }
  if (others > 0) survey.note(`${others} samples in shards have no image: left out.`);
  const { classes, labels } = numberLabels(labelOf, beside, survey);
  return { path, kind: 'shards', classes, images: images.build(), labels };
}

/** Reads the samples of one shard. */
class ShardReader {
  withoutImage = 0;
  readonly #shard: Archive;
  readonly #members: readonly Member[];
  readonly #read: ReadMember;
  readonly #ended: boolean;
  /** Why samples have no class, the first one in full. */
  #reason = '';
  #withoutClass = 0;

  constructor(shard: Archive, members: readonly Member[], read: ReadMember, ended: boolean) {
    this.#shard = shard;
    this.#members = members;
    this.#read = read;
    this.#ended = ended;
  }

  *samples(): Generator<{ readonly image: Member; readonly label: string }> {
    for (const sample of samplesOf(this.#members)) {
      const image = imageOf(sample, pathOf(this.#shard));
      if (image === undefined) {
        this.#checkCut(sample);
        this.withoutImage++;
        continue;
      }
      const label = this.#labelOf(sample);
      if (label !== undefined) yield { image, label };
    }
  }

  problems(): string[] {
    if (this.#withoutClass === 0) return [];
    const more = this.#withoutClass - 1;
    return [more === 0 ? this.#reason : `${this.#reason} So have ${more} more in this shard.`];
  }

  #labelOf(sample: Sample): string | undefined {
    try {
      return readLabel(sample, `${pathOf(this.#shard)}:${printable(sample.key)}`, this.#read);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      this.#checkCut(sample);
      if (this.#withoutClass++ === 0) this.#reason = error.message;
      return undefined;
    }
  }

  /** Throws where a sample is incomplete because the tar file was cut off after one of its files. */
  #checkCut({ key, parts }: Sample): void {
    const last = this.#members.at(-1);
    if (this.#ended || last === undefined || ![...parts.values()].includes(last)) return;
    throw new DataError(
      `${pathOf(this.#shard)} is truncated: it ends after ${printable(last.path)}, within the sample ${printable(key)}. Compare its size and checksum with the original.`,
    );
  }
}

/** The image of a sample: one with a plain ending rather than `mask.png`. */
function imageOf(sample: Sample, shard: string): Member | undefined {
  const endings = imagesOf(sample);
  const plain = endings.find((ending) => !ending.includes('.'));
  if (plain !== undefined || endings.length < 2) return sample.parts.get(plain ?? endings[0] ?? '');
  const names = endings.map((ending) => sample.parts.get(ending)?.path ?? '');
  throw new DataError(
    `The sample ${printable(sample.key)} in ${shard} has ${names.length} images, ${list(names, 2)}: WebDataset takes the name up to its first dot for the key of a sample. Name the files so that each image has a key of its own, with no other dot than that of .jpg and .cls.`,
  );
}

/** `name` is the sample's name for messages. */
function readLabel(sample: Sample, name: string, read: ReadMember): string {
  const text = (ending: string) => {
    const member = partOf(sample, ending);
    if (member === undefined) return undefined;
    try {
      return decodeText(Buffer.from(read(member, MOST_LABEL_BYTES)));
    } catch (cause) {
      throw new DataError(`Cannot read ${name}.${ending}: ${(cause as Error).message}.`, { cause });
    }
  };
  const label = text('cls')?.trim() ?? labelInJson(text('json'), name);
  if (label !== undefined && label !== '') return printable(label);
  throw new DataError(
    `The sample ${name} has no class: expected a .cls file, or a .json file with "cls", "label" or "class".`,
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
function numberLabels(labelOf: readonly string[], beside: readonly Opened[], survey: Survey) {
  const numeric = labelOf.every((label) => /^\d+$/.test(label));
  const told = numeric ? classList(beside) : undefined;
  const nameOf = (label: string) => {
    if (told === undefined) return numeric ? String(Number(label)) : label;
    const name = told.lines[Number(label)];
    if (name !== undefined) return name;
    survey.problem(
      `A sample has the class ${label} but ${told.file} names only ${told.lines.length}, from 0 on.`,
    );
    return label;
  };
  const known = new Map([...new Set(labelOf)].map((label) => [label, nameOf(label)]));
  const order = numeric && told === undefined ? (a: string, b: string) => +a - +b : byCodeUnit;
  const names = new ClassNames(known.values(), order);
  const indices = new Map([...known].map(([label, name]) => [label, names.indexOf(name)]));
  const labels = Int32Array.from(labelOf, (label) => indices.get(label) as number);
  return { classes: names.classes, labels };
}

/** The first class list beside the shards: the first word of each line, or the line. */
function classList(beside: readonly Opened[]) {
  for (const place of beside) {
    const file = CLASS_LISTS.find((name) => place.contents.files.includes(name));
    if (file === undefined) continue;
    const lines = splitLines(readText(place, file).trim());
    return { file, lines: lines.map((line) => /^n\d{8}\b/.exec(line)?.[0] ?? line.trim()) };
  }
  return undefined;
}
