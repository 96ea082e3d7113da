/**
 * Lin, Chen, Yan, "Network In Network", 2013; the first author's networks: NIN/cifar-10_def of
 * github.com/mavenlin/cuda-convnet, and nin_imagenet of Caffe's model zoo.
 */
import type { Family } from './paper-table.js';

const VENUE = 'ICLR 2014';
const IMAGENET = /^nin$/;
const CIFAR = /^nin-cifar$/;

export const NIN: Family = {
  tables: [
    {
      of: IMAGENET,
      venue: VENUE,
      source: 'figure 2; widths of nin_imagenet, the first author’s network in Caffe’s model zoo',
      rows: [
        { name: 'mlpconv 1', layers: /^(conv1|cccp[12]|pool1(_pad)?)$/ },
        { name: 'mlpconv 2', layers: /^(conv2|cccp[34]|pool2(_pad)?)$/ },
        { name: 'mlpconv 3', layers: /^(conv3|cccp[56]|pool3(_pad)?|drop3)$/ },
        { name: 'mlpconv 4', layers: /^(conv4|cccp[78])$/ },
        { name: 'global average pooling', layers: /^pool4$/ },
      ],
    },
    {
      of: CIFAR,
      venue: VENUE,
      source: 'section 4 and figure 2; widths of the first author’s NIN/cifar-10_def',
      rows: [
        { name: 'mlpconv 1', layers: /^(conv1|cccp[12]|pool1(_pad)?|drop1)$/ },
        { name: 'mlpconv 2', layers: /^(conv2|cccp[34]|pool2(_pad)?|drop2)$/ },
        { name: 'mlpconv 3', layers: /^(conv3|cccp[56])$/ },
        { name: 'global average pooling', layers: /^pool3$/ },
      ],
    },
  ],
  // biome-ignore format: one departure a row
  departures: [
    { of: IMAGENET, where: 'here', about: 'network', what: 'four mlpconv layers', source: 'nin_imagenet; figure 2 shows three, and the paper has no network for ImageNet' },
    { of: IMAGENET, where: 'here', about: 'training', what: 'images are centred by the mean colour', source: 'nin_imagenet: by the mean image' },
    { of: IMAGENET, where: 'here', about: 'training', what: 'the short side is resized to 256', source: 'nin_imagenet: both sides' },
    { of: IMAGENET, where: 'here', about: 'training', what: '22 epochs', source: 'nin_imagenet: 22.5' },
    { of: CIFAR, where: 'here', about: 'training', what: 'images are centred by the mean colour and divided by its deviation', source: 'section 4.2: contrast normalisation and ZCA whitening' },
    { of: CIFAR, where: 'here', about: 'training', what: 'the rate falls at thirds of 260 epochs', source: 'NIN/cifar-10_def: after 200 and 230' },
    { where: 'torchvision', about: 'network', what: 'there is no network in network', source: 'torchvision/models' },
  ],
};
