/** The camera: an image at a time, or one after the other. */
import { announce, complain, element } from './elements.js';
import type { RgbaImage } from './messages.js';
import { pixelsOf } from './pixels.js';

export interface Camera {
  /** The network is ready for the next image. */
  next(): void;
}

/** Calls `onImage` with what the camera sees; `continuous` where nobody asked for this one. */
export function startCamera(onImage: (image: RgbaImage, continuous: boolean) => void): Camera {
  const video = element('video', HTMLVideoElement);
  const open = element('camera', HTMLButtonElement);
  const panel = element('camera-panel', HTMLElement);
  const again = element('continuously', HTMLInputElement);
  const take = (continuous: boolean) => {
    if (video.videoWidth === 0) return;
    onImage(pixelsOf(video, video.videoWidth, video.videoHeight), continuous);
  };
  const stop = () => {
    for (const track of (video.srcObject as MediaStream | null)?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    again.checked = false;
    panel.hidden = true;
    open.hidden = false;
    open.focus();
  };
  open.onclick = async () => {
    complain(undefined);
    try {
      video.srcObject = await openStream();
    } catch (error) {
      complain(reasonOf(error));
      return;
    }
    await video.play();
    panel.hidden = false;
    open.hidden = true;
    element('take', HTMLButtonElement).focus();
    announce('The camera is on');
  };
  element('take', HTMLButtonElement).onclick = () => take(false);
  element('camera-off', HTMLButtonElement).onclick = stop;
  again.onchange = () => again.checked && take(true);
  return {
    next() {
      if (again.checked) requestAnimationFrame(() => again.checked && take(true));
    },
  };
}

/** Browsers give a camera to pages of a server, and some to files. */
async function openStream(): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new DOMException('no camera', 'SecurityError');
  return devices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
}

function reasonOf(error: unknown): string {
  const { name } = error as DOMException;
  if (name === 'NotFoundError') return 'There is no camera here: choose an image instead';
  if (location.protocol === 'file:') {
    return 'This browser gives no camera to a page from a file: start cnn demo with --serve and open the address that it prints';
  }
  return 'The camera was not allowed: allow it for this page, or choose an image instead';
}
