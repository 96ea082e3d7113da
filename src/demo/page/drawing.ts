/** The field in which a digit is drawn, with a pointer or with keys. */
import { centredDigit, DIGIT_SIDE } from './digit.js';
import { announce, element } from './elements.js';
import type { RgbaImage } from './messages.js';

/** Of the field's 280 pixels: a stroke is as wide as one of MNIST once the digit is centred. */
const STROKE = 24;
/** How far an arrow key moves the pen, and with Shift. */
const STEP = 14;
const SMALL_STEP = 4;

const ARROWS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Pen {
  x: number;
  y: number;
  down: boolean;
}

/** Calls `onDrawn` with the digit as MNIST has it after each stroke. */
export function startDrawing(onDrawn: (image: RgbaImage) => void): void {
  element('drawing', HTMLElement).hidden = false;
  const canvas = element('field', HTMLCanvasElement);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return;
  Object.assign(context, { lineWidth: STROKE, lineCap: 'round', lineJoin: 'round' });
  context.strokeStyle = '#fff';
  const pen: Pen = { x: canvas.width / 2, y: canvas.height / 2, down: false };
  const moveTo = (x: number, y: number) => {
    const [toX, toY] = [within(x, canvas.width), within(y, canvas.height)];
    if (pen.down) {
      context.beginPath();
      context.moveTo(pen.x, pen.y);
      context.lineTo(toX, toY);
      context.stroke();
    }
    Object.assign(pen, { x: toX, y: toY });
  };
  const finish = () => {
    const digit = centredDigit(inkOf(context, canvas));
    if (digit !== undefined) onDrawn(imageOf(digit));
  };
  const clear = () => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    announce('The field is empty');
  };
  followPointer(canvas, pen, moveTo, finish);
  followKeys(canvas, pen, { moveTo, finish, clear });
  element('clear', HTMLButtonElement).onclick = clear;
}

function followPointer(
  canvas: HTMLCanvasElement,
  pen: Pen,
  moveTo: (x: number, y: number) => void,
  finish: () => void,
): void {
  const place = ({ clientX, clientY }: PointerEvent) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const across = ((clientX - left) * canvas.width) / width;
    moveTo(across, ((clientY - top) * canvas.height) / height);
  };
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    pen.down = false;
    place(event);
    pen.down = true;
    // A tap is a dot.
    place(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) place(part);
  });
  canvas.addEventListener('lostpointercapture', () => {
    pen.down = false;
    finish();
  });
}

interface Actions {
  readonly moveTo: (x: number, y: number) => void;
  readonly finish: () => void;
  readonly clear: () => void;
}

function followKeys(canvas: HTMLCanvasElement, pen: Pen, actions: Actions): void {
  const mark = element('pen', HTMLElement);
  const show = () => {
    mark.style.left = `${(100 * pen.x) / canvas.width}%`;
    mark.style.top = `${(100 * pen.y) / canvas.height}%`;
    mark.classList.toggle('down', pen.down);
  };
  canvas.addEventListener('keydown', (event) => {
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) {
      const step = event.shiftKey ? SMALL_STEP : STEP;
      actions.moveTo(pen.x + step * arrow[0], pen.y + step * arrow[1]);
    } else if (event.key === ' ' || event.key === 'Enter') {
      pen.down = !pen.down;
      if (pen.down) actions.moveTo(pen.x, pen.y);
      announce(pen.down ? 'The pen is down: arrow keys draw' : 'The pen is up');
      if (!pen.down) actions.finish();
    } else if (event.key === 'Delete' || event.key === 'Backspace') actions.clear();
    else return;
    event.preventDefault();
    mark.hidden = false;
    show();
  });
  canvas.addEventListener('blur', () => {
    mark.hidden = true;
    if (!pen.down) return;
    pen.down = false;
    actions.finish();
  });
}

function within(value: number, length: number): number {
  return Math.max(STROKE / 2, Math.min(length - STROKE / 2, value));
}

/** How opaque each pixel is: nothing else is drawn there. */
function inkOf(context: CanvasRenderingContext2D, { width, height }: HTMLCanvasElement) {
  const pixels = context.getImageData(0, 0, width, height).data;
  const data = Uint8Array.from({ length: width * height }, (_, at) => pixels[4 * at + 3] as number);
  return { data, width, height };
}

function imageOf(digit: Uint8Array): RgbaImage {
  const data = new Uint8ClampedArray(4 * digit.length).fill(255);
  for (const [at, value] of digit.entries()) data.fill(value, 4 * at, 4 * at + 3);
  return { data, width: DIGIT_SIDE, height: DIGIT_SIDE };
}
