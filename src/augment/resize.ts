/**
 * Width and height after the short side is brought to `short`. The long side is rounded down, as
 * torchvision.transforms.Resize does.
 */
export function resizedSize(
  width: number,
  height: number,
  short: number,
): { width: number; height: number } {
  return width <= height
    ? { width: short, height: Math.floor((short * height) / width) }
    : { width: Math.floor((short * width) / height), height: short };
}
