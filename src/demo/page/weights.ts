/** The weights: in the page, or beside it as scripts, which a browser loads from a disk too. */
import { heldText } from './elements.js';
import type { PageSettings } from './messages.js';

declare global {
  interface Window {
    /** Each file of weights calls it with its content in base64. */
    cnnWeights?: (content: string) => void;
  }
}

export async function readWeights(
  { bytes, files }: PageSettings,
  onProgress: (part: number) => void,
): Promise<ArrayBuffer> {
  const weights = new Uint8Array(bytes);
  if (files.length === 0) {
    weights.set(bytesOf(heldText('weights')));
    return weights.buffer;
  }
  let filled = 0;
  for (const file of files) {
    const part = bytesOf(await contentOf(file));
    weights.set(part, filled);
    filled += part.length;
    onProgress(filled / bytes);
  }
  return weights.buffer;
}

/** One after the other: two at once would be twice the memory. */
function contentOf(file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    const end = () => script.remove();
    window.cnnWeights = (content) => {
      end();
      resolve(content);
    };
    script.onerror = () => {
      end();
      reject(new Error(`Cannot read ${file}: it must be beside this page, as it was written`));
    };
    script.src = file;
    document.head.append(script);
  });
}

/** The bytes of a text in base64. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
