import { inspectBackends, inspectNvjpeg } from '../backend/index.js';
import { inspectTimes } from '../backend/tuning/kept-times.js';
import { inspectJpegs } from '../data/decode/jpeg.js';
import { inspectMpi } from '../distributed/open-world.js';
import { describeHardware, describeVersions } from '../runs/environment.js';
import type { Result } from './command.js';

export async function runDoctor(): Promise<Result> {
  const versions = describeVersions();
  const hardware = describeHardware();
  const backends = await inspectBackends();
  const jpeg = inspectJpegs();
  const nvjpeg = inspectNvjpeg(backends.find(({ name }) => name === 'cuda')?.usable ?? false);
  const times = await inspectTimes();
  const mpi = inspectMpi();
  const machine = [
    `cnn ${versions['cnn']}, Node ${versions['node']}, TensorFlow.js ${versions['tfjs']}`,
    `${hardware.cpu}, ${hardware.cores} cores, ` +
      `${(hardware.memoryBytes / 2 ** 30).toFixed(1)} GiB, ${hardware.system}`,
  ];
  const others = [
    { name: 'JPEG', ...jpeg },
    { name: 'nvJPEG', ...nvjpeg },
    { name: 'MPI', ...mpi },
  ];
  const reports = [...backends, ...others].flatMap(({ name, usable, detail, fix }) => [
    `${usable ? 'works  ' : 'missing'}  ${name}: ${detail}`,
    ...(fix === undefined ? [] : [`         to fix it: ${fix}`]),
  ]);
  const kernels = `kernels of backend cpu: ${times.calls} timed on this machine, in ${times.folder}`;
  return {
    lines: [...machine, ...reports, kernels],
    json: { versions, hardware, backends, jpeg, nvjpeg, mpi, kernels: times },
  };
}
