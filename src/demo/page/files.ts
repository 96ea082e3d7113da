/** Image files: chosen, dropped anywhere on the page, or pasted. */
import { complain, element } from './elements.js';
import type { RgbaImage } from './messages.js';
import { decodeImage } from './pixels.js';

export function startFiles(
  exifRotate: boolean,
  onImage: (image: RgbaImage, name: string) => void,
): void {
  const choose = element('file', HTMLInputElement);
  const open = async (file: File | undefined) => {
    if (file === undefined) return;
    complain(undefined);
    try {
      onImage(await decodeImage(file, exifRotate), file.name);
    } catch {
      complain(
        `${file.name} is no image that this browser reads: choose a JPEG, PNG, WebP, GIF or BMP file`,
      );
    }
  };
  choose.onchange = async () => {
    await open(choose.files?.[0]);
    // The same file may be chosen again.
    choose.value = '';
  };
  document.addEventListener('paste', ({ clipboardData }) => {
    open([...(clipboardData?.files ?? [])][0]);
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  for (const end of ['dragleave', 'drop'] as const) {
    document.addEventListener(end, () => document.body.classList.remove('dropping'));
  }
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    open(event.dataTransfer?.files[0]);
  });
}
