/** Sizes of what is drawn, in pixels. */
import type { Box } from '../network/boxes.js';
import { stridedText } from '../network/operations.js';

/** Of a stage; a phone shows it at nine tenths. */
export const WIDTH = 400;
export const CENTRE = WIDTH / 2;
export const TEXT = 11;
export const SMALL = 10;
const CHARACTER = 0.54;
const JOIN = 22;

/** About the width of a text in a sans-serif font. */
export function textWidth(text: string, size: number): number {
  return Math.ceil(text.length * size * CHARACTER);
}

/** BN and ReLU of a box; those before it come first. */
export function notesOf({ words, before, after }: Box): string {
  if (words.kind === 'other') return '';
  const first = before.length > 0 ? `after ${before.join(', ')}` : '';
  return [first, after.join(', ')].filter(Boolean).join('; ');
}

/** The first line of a box. */
export function titleOf(box: Box): string {
  const { words, after } = box;
  return words.kind === 'other' ? [words.text, ...after].join(', ') : stridedText(box);
}

export function sizeOf(box: Box): { width: number; height: number } {
  if (isSum(box)) return { width: JOIN, height: JOIN };
  const notes = notesOf(box);
  const widest = Math.max(textWidth(titleOf(box), TEXT), textWidth(notes, SMALL));
  return { width: widest + 11, height: notes === '' ? 24 : 36 };
}

/** A sum is a circle, with its notes beside it. */
export function isSum({ words }: Box): boolean {
  return words.text === '+';
}
