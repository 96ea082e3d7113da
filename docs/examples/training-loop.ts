/** A training loop of one's own: the parts that `train` is made of. */

import * as tf from '@tensorflow/tfjs-core';
import {
  Counters,
  evaluateSplit,
  findArchitecture,
  networkCard,
  Optimizer,
  openBackend,
  openDataset,
  openEvaluationBatches,
  openSession,
  openTrainingBatches,
  SILENT,
  scores,
  trainStep,
  upload,
} from 'cnn';

const data = process.argv[2] ?? 'mnist';
const epochs = Number(process.argv[3] ?? 1);

const backend = await openBackend('auto', { precision: 'f32' });
const architecture = findArchitecture('lenet5');
const { recipe } = architecture;
const { train, val, classes } = await openDataset(data);
const card = networkCard(architecture, { classes, inputSize: 28, channels: 1 });
const session = openSession(architecture, card, 0);
const optimizer = new Optimizer(session.network.weights, recipe);

const options = {
  backend,
  batchSize: 64,
  channels: card.channels,
  seed: 0,
  workers: null,
  cache: 'auto',
} as const;
const trainLoader = await openTrainingBatches(train, { ...options, transform: card.transform });
const valLoader = await openEvaluationBatches(val, { ...options, transform: card.transform });

let step = 0;
for (let epoch = 0; epoch < epochs; epoch++) {
  const counters = new Counters();
  for await (const batch of trainLoader.batches(epoch)) {
    const input = upload(session, batch);
    batch.release();
    const settings = { smoothing: 0, seed: 0, auxiliaryWeight: 0, lr: 0.01, step: step++ };
    counters.add(trainStep(session, optimizer, input, settings));
    tf.dispose([input.images, input.labels]);
  }
  await counters.read();
  const evaluation = { backend, alternate: false, reporter: SILENT };
  const result = await evaluateSplit(session, valLoader, evaluation);
  console.log(
    `epoch ${epoch + 1}: training loss ${scores(counters.totals).loss.toFixed(4)}, ` +
      `validation Acc@1 ${result?.top1.toFixed(2)}`,
  );
  counters.dispose();
}
await Promise.all([trainLoader.close(), valLoader.close()]);
