/** He, Zhang, Ren, Sun, "Identity Mappings in Deep Residual Networks", 2016. */
import type { Family } from './paper-table.js';
import { CIFAR_ROWS, IMAGENET_ROWS, NONE_FOR_CIFAR } from './resnet.js';

const VENUE = 'ECCV 2016';
const IMAGENET = /^preresnet\d+$/;
const CIFAR = /^preresnet\d+-cifar$/;
const HERE = { where: 'here', about: 'training' } as const;

export const PRERESNET: Family = {
  tables: [
    {
      of: IMAGENET,
      venue: VENUE,
      source: 'figure 1b and appendix, with the stages of ResNet’s table 1',
      rows: IMAGENET_ROWS,
    },
    {
      of: CIFAR,
      venue: VENUE,
      source: 'section 4, figure 4e and appendix, with the stages of ResNet’s section 4.2',
      rows: CIFAR_ROWS,
      printed: { 'preresnet164-cifar': '1.7 million parameters' },
    },
  ],
  // biome-ignore format: one departure a row
  departures: [
    { of: IMAGENET, where: 'here', about: 'network', what: 'the stride is in the 3×3 convolution', source: 'the authors’ code, github.com/KaimingHe/resnet-1k-layers' },
    { of: /^preresnet(50|101)$/, where: 'here', about: 'network', what: 'this depth is not in the paper', source: 'table 5 has 152 and 200 layers' },
    { of: /^preresnet(20|56)-/, where: 'here', about: 'network', what: 'this depth is not in the paper', source: 'tables 2 and 3 have 110, 164 and 1001 layers' },
    { of: IMAGENET, where: 'torchvision', about: 'network', what: 'there is no pre-activation ResNet', source: 'torchvision/models' },
    NONE_FOR_CIFAR,
    { ...HERE, of: IMAGENET, what: 'the settings of fb.resnet.torch, its 90 epochs among them', source: 'github.com/facebookarchive/fb.resnet.torch' },
    { ...HERE, of: IMAGENET, what: 'brightness, contrast and saturation are not changed', source: 'fb.resnet.torch changes them' },
    { ...HERE, of: IMAGENET, what: 'one centre crop of 224 is evaluated', source: 'table 5: 320' },
    { ...HERE, of: CIFAR, what: 'images are centred by the mean colour and divided by its deviation', source: 'ResNet’s section 4.2: by the mean of each pixel' },
    { ...HERE, of: CIFAR, what: 'fc is drawn as PyTorch’s Linear, without its bias', source: 'the authors’ code, github.com/KaimingHe/resnet-1k-layers' },
  ],
};
