/** Whose weights a file has, and how that network saw images. */
import { stat } from 'node:fs/promises';
import {
  type Architecture,
  architectures,
  findArchitecture,
  withOptions,
  withUndrawn,
} from '../../archs/index.js';
import { withCountingBackend } from '../../backend/counting-backend.js';
import { DataError, UsageError } from '../../errors.js';
import { checkArchitecture } from '../../evaluate/trained-model.js';
import { openCheckpoint } from '../../runs/checkpoint/open.js';
import { withWeightsFile } from '../../runs/weights-files.js';
import { architectureOfCard } from '../../session/network-card.js';
import type { OptionName, Value } from '../../settings/options/index.js';
import { coloursOf, fitsWeightsFile, type WeightsFile } from '../../weights/index.js';

export interface WeightsFacts {
  readonly architecture: Architecture;
  /** Why it is taken to be that one. */
  readonly reason: string;
  /** Settings that the weights were trained with. */
  readonly input: { readonly [name in OptionName]?: Value };
}

/** What was asked for: a file of another network is refused when it is loaded. */
interface AskedNetwork {
  readonly arch: string | null;
  readonly options: readonly string[];
  readonly inputSize: number | null;
}

export async function factsOfWeights(
  path: string,
  { arch, options, inputSize }: AskedNetwork,
): Promise<WeightsFacts> {
  if (await isDirectory(path)) return factsOfCheckpoint(path, arch);
  return withWeightsFile(path, async (file) => {
    const asked = arch === null ? undefined : withOptions(findArchitecture(arch), options);
    const tried = asked === undefined ? architectures : [asked];
    const fitting = await withCountingBackend('f32', async () =>
      tried.flatMap((architecture) => fits(architecture, file, inputSize ?? architecture.size)),
    );
    const [found, other] = fitting;
    if (found === undefined && asked !== undefined) {
      return { architecture: asked, reason: 'it was asked for', input: {} };
    }
    if (found === undefined) {
      throw new DataError(
        `The weights ${path} are those of no network that "cnn archs" lists: their ${file.tensors.size} tensors have other names or shapes; those of networks whose dense layers depend on it want their --input-size`,
      );
    }
    if (other !== undefined) {
      const names = fitting.map(({ architecture }) => architecture.name).join(', ');
      throw new DataError(
        `The weights ${path} fit ${names}: say with --arch which of them they were trained in`,
      );
    }
    const { architecture, channels } = found;
    return {
      architecture,
      reason: `the ${file.tensors.size} tensors of ${path} are its`,
      input: {
        'input-size': architecture.size,
        channels,
        ...coloursOf(file, architecture).colours,
      },
    };
  });
}

async function factsOfCheckpoint(path: string, arch: string | null): Promise<WeightsFacts> {
  const checkpoint = await openCheckpoint(path);
  checkArchitecture(checkpoint, arch);
  const { directory, state } = checkpoint;
  const { inputSize, channels, mean, std } = state.network;
  return {
    architecture: architectureOfCard(state.network),
    reason: `that of the checkpoint ${directory}`,
    input: { 'input-size': inputSize, channels, mean, std },
  };
}

/** The network with the channels for which it fits a file, if it does. */
function fits(
  architecture: Architecture,
  file: WeightsFile,
  size: number,
): { architecture: Architecture; channels: 1 | 3 }[] {
  const { classes } = architecture;
  try {
    const channels = ([3, 1] as const).find((channels) =>
      withUndrawn(architecture, { classes, size, channels }, (model) =>
        fitsWeightsFile(model, architecture, file),
      ),
    );
    return channels === undefined ? [] : [{ architecture, channels }];
  } catch (error) {
    // There is no such network at a size that was asked for.
    if (error instanceof UsageError) return [];
    throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
