"""Loading with torchvision.io and augmenting with the transforms v2, on tensors throughout."""
import torch
import torchvision
from torchvision.io import ImageReadMode, decode_jpeg, read_file
from torchvision.transforms import v2

from loading import MEAN, STD, batches, measure

CROPS = {
    "alexnet": [v2.Resize(256, antialias=True), v2.RandomCrop(224)],
    "inception": [v2.RandomResizedCrop(224, antialias=True)],
}
ENDINGS = {
    "bytes": [],
    "floats": [v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)],
}


class Images(torch.utils.data.Dataset):
    def __init__(self, files, options):
        self.files = files
        self.transform = v2.Compose(
            [*CROPS[options.augment], v2.RandomHorizontalFlip(), *ENDINGS[options.output]]
        )

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        return self.transform(decode_jpeg(read_file(self.files[index]), ImageReadMode.RGB))


if __name__ == "__main__":
    measure(
        __doc__,
        torchvision.__version__,
        lambda files, options: batches(Images(files, options), options),
    )
