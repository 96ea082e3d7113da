/** Files of many images in a folder and in those below it, whose names say which part they are of. */
import { DataError } from '../../../errors.js';
import { byCodeUnit, list } from '../names.js';
import type { Place } from '../opened.js';
import { partOfShard, saysNothing } from '../splits.js';
import type { Survey } from '../survey.js';
import { type ContainerFile, filesIn } from './container-file.js';

/** The files of each part, in the order of their names. */
export interface PartFiles {
  readonly train: readonly ContainerFile[];
  readonly val: readonly ContainerFile[];
}

interface Found {
  readonly file: ContainerFile;
  /** Of the folders below the root those that are no parts: a configuration of the dataset. */
  readonly configuration: string;
  readonly part: ReturnType<typeof partOfShard>;
}

/**
 * The files that are wanted, by their parts; a part for tests validates where there is no other.
 * Undefined where there are none. Throws a DataError where they are several datasets.
 */
export function partFilesBelow(
  [root, ...places]: readonly [Place, ...Place[]],
  isWanted: (file: ContainerFile) => boolean,
  survey: Survey,
): PartFiles | undefined {
  const found = [root, ...places].flatMap((place): Found[] => {
    const folders = place.path.slice(root.path.length).split(/[/:]/);
    const files = filesIn(place, survey).filter(isWanted);
    return files.map((file) => ({
      file,
      configuration: folders.filter((folder) => !saysNothing(folder)).join('/'),
      part: partOfShard([...folders, file.name].join('/')),
    }));
  });
  if (found.length === 0) return undefined;
  const configurations = [...new Set(found.map(({ configuration }) => configuration))];
  if (configurations.length > 1) {
    throw new DataError(
      `${root.path} holds several datasets: ${list(configurations.map((name) => name || 'its own files'))}. Pass one of their folders.`,
    );
  }
  const sorted = found.sort((a, b) => byCodeUnit(a.file.path, b.file.path));
  const ofPart = (part: Found['part']) =>
    sorted.filter((other) => other.part === part).map(({ file }) => file);
  const val = ofPart('val');
  return { train: ofPart('train'), val: val.length > 0 ? val : ofPart('test') };
}
