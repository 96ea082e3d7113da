/** Géron, "Hands-On Machine Learning with Scikit-Learn, Keras, and TensorFlow", 2019. */
import type { Family } from './paper-table.js';

export const SIMPLE_CNN: Family = {
  tables: [
    {
      of: /^simple-cnn$/,
      venue: 'O’Reilly, second edition',
      source: 'chapter 14, “CNN Architectures”',
      rows: [
        { name: '7×7 convolution', layers: /^conv1$/ },
        { name: 'pooling 1', layers: /^pool1$/ },
        { name: 'convolutions of 128', layers: /^conv[23]$/ },
        { name: 'pooling 2', layers: /^pool2$/ },
        { name: 'convolutions of 256', layers: /^conv[45]$/ },
        { name: 'pooling 3', layers: /^pool3$/ },
        { name: 'dense 1', layers: /^(flatten|fc6|drop6)$/ },
        { name: 'dense 2', layers: /^(fc7|drop7)$/ },
        { name: 'output', layers: /^fc8$/ },
      ],
    },
  ],
  // biome-ignore format: one departure a row
  departures: [
    { where: 'here', about: 'training', what: '20 epochs of batches of 128 with momentum, a cosine and a decay of 5e-4', source: 'the book: 10 epochs of batches of 32 with Nadam' },
    { where: 'here', about: 'training', what: 'images are centred by mean and deviation and shifted by up to 2 pixels', source: 'the recipe of `lenet5`' },
    { where: 'torchvision', about: 'network', what: 'there is no such network', source: 'torchvision/models' },
  ],
};
