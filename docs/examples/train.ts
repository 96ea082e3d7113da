/** Trains LeNet-5, evaluates it again and names the class of an image: what `cnn` does, as functions. */
import { join } from 'node:path';
import { evaluate, openDataset, predict, train } from 'cnn';

const data = process.argv[2] ?? 'mnist';
const epochs = Number(process.argv[3] ?? 1);

const result = await train({ arch: 'lenet5', data, epochs, seed: 7 });
console.log(`${result.run}: ${result.top1.toFixed(2)} % after ${result.epochs} epochs`);

const checkpoint = join(result.run, 'checkpoints', 'best');
const again = await evaluate({ checkpoint, data });
console.log(`evaluated again: ${again.top1.toFixed(2)} % of ${again.images} images`);

const { val } = await openDataset(data);
const { file } = val.images.locate(0);
for (const { top } of await predict([file], { checkpoint, top: 3 })) {
  for (const { label, probability } of top) {
    console.log(`${label}: ${(100 * probability).toFixed(1)} %`);
  }
}
