"""Loading and augmenting with NVIDIA DALI's pipeline for processors."""
import nvidia.dali
from nvidia.dali import fn, pipeline_def, types

from loading import MEAN, STD, measure

BATCH = 60


@pipeline_def(batch_size=BATCH, device_id=None)
def training_images(files, augment, output):
    encoded, _ = fn.readers.file(files=files, random_shuffle=True, name="reader")
    if augment == "inception":
        # As torchvision: of the area 8 to 100 %, decoding no other rows than the crop's.
        images = fn.decoders.image_random_crop(
            encoded, random_aspect_ratio=(3 / 4, 4 / 3), random_area=(0.08, 1), output_type=types.RGB
        )
        images = fn.resize(images, size=(224, 224), interp_type=types.INTERP_LINEAR, antialias=True)
        place = {}
    else:
        images = fn.decoders.image(encoded, output_type=types.RGB)
        images = fn.resize(images, resize_shorter=256, interp_type=types.INTERP_LINEAR, antialias=True)
        place = {"crop_pos_x": fn.random.uniform(), "crop_pos_y": fn.random.uniform()}
    floats = output == "floats"
    return fn.crop_mirror_normalize(
        images,
        crop=(224, 224),
        **place,
        mirror=fn.random.coin_flip(),
        dtype=types.FLOAT if floats else types.UINT8,
        output_layout="CHW" if floats else "HWC",
        mean=[255 * mean for mean in MEAN] if floats else [0],
        std=[255 * std for std in STD] if floats else [1],
    )


def open_epochs(files, options):
    pipeline = training_images(files, options.augment, options.output, num_threads=options.threads)
    pipeline.build()
    whole, rest = divmod(len(files), BATCH)
    assert rest == 0, f"expected a multiple of {BATCH} files but there are {len(files)}"

    def run_epoch():
        return sum(len(pipeline.run()[0]) for _ in range(whole))

    return run_epoch


if __name__ == "__main__":
    measure(__doc__, nvidia.dali.__version__, open_epochs)
