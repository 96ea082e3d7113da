"""Loading and augmenting with torchvision and Pillow, as torchvision's ImageFolder does."""
import numpy
import PIL
import torch
import torchvision
from PIL import Image
from torchvision import transforms

from loading import MEAN, STD, batches, measure

CROPS = {
    "alexnet": [transforms.Resize(256), transforms.RandomCrop(224)],
    "inception": [transforms.RandomResizedCrop(224)],
}
BILINEAR = transforms.InterpolationMode.BILINEAR
# By --auto-augment and --color-jitter of `cnn`.
CHANGES = {
    "none": [],
    "ra": [transforms.RandAugment(interpolation=BILINEAR)],
    "ta_wide": [transforms.TrivialAugmentWide(interpolation=BILINEAR)],
    "imagenet": [transforms.AutoAugment(interpolation=BILINEAR)],
    "augmix": [transforms.AugMix(interpolation=BILINEAR)],
    "jitter": [transforms.ColorJitter(0.4, 0.4, 0.4)],
}
ENDINGS = {
    "bytes": [numpy.asarray],
    "floats": [transforms.ToTensor(), transforms.Normalize(MEAN, STD)],
}


class Images(torch.utils.data.Dataset):
    def __init__(self, files, options):
        self.files = files
        self.transform = transforms.Compose(
            [
                *CROPS[options.augment],
                transforms.RandomHorizontalFlip(),
                *CHANGES[options.changes],
                *ENDINGS[options.output],
            ]
        )

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        with open(self.files[index], "rb") as stream:
            return self.transform(Image.open(stream).convert("RGB"))


if __name__ == "__main__":
    measure(
        __doc__,
        f"{torchvision.__version__} Pillow {PIL.__version__}",
        lambda files, options: batches(Images(files, options), options),
        changes=sorted(CHANGES),
    )
