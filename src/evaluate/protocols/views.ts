/** Where the views of a protocol are in a resized image. */

import type { Transform } from '../../augment/index.js';
import { cropWindow, roundHalfEven, type Window } from '../../augment/index.js';
import type { ProtocolRow } from './table.js';

/** A part of the resized image. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What of a protocol says where its views are. */
export interface Geometry extends Pick<ProtocolRow, 'places' | 'squares' | 'mirror'> {
  /** Side of the crops; of a dense evaluation, that of the images in the training. */
  readonly size: number;
  /** How an image becomes a crop in the training's evaluations. */
  readonly transform: Transform;
}

const GRID = [0, 1, 2, 3, 4];
/** The corners and the centre, in units of the room that a crop has. */
const FIVE = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
  [0.5, 0.5],
] as const;

/** What the network sees of a resized image, each to be mirrored as well where the protocol says. */
export function viewsOf(protocol: Geometry, width: number, height: number): Window[] {
  const { places, size, transform } = protocol;
  if (places === 'centre') {
    const resize = Math.min(width, height);
    const still = { x: 0, y: 0, mirror: false, short: 0, tries: [], colour: [], operations: [] };
    return [cropWindow({ ...transform, resize, crop: 'centre' }, width, height, still)];
  }
  return squaresOf(protocol, { left: 0, top: 0, width, height }).flatMap((box) => {
    const crops = fractionsOf(places).map(([x, y]) => cropIn(box, x, y, size));
    return places === 'five and whole' ? [...crops, wholeOf(box, size)] : crops;
  });
}

/** How many views a scale has, mirrored ones included. */
export function viewsAtScale(protocol: Geometry): number {
  const { size, mirror, places } = protocol;
  const count = places === 'map' ? 1 : viewsOf(protocol, size, size).length;
  return mirror ? 2 * count : count;
}

function squaresOf({ squares }: Geometry, image: Box): Box[] {
  if (squares === undefined) return [image];
  const side = Math.min(image.width, image.height);
  const fractions = squares === 'centre' ? [0.5] : [0, 0.5, 1];
  // Along the long side: left, centre and right, or top, centre and bottom.
  return fractions.map((part) => placed(image, part, part, side));
}

function fractionsOf(places: Geometry['places']): readonly (readonly [number, number])[] {
  if (places !== 'grid') return FIVE;
  return GRID.flatMap((row) => GRID.map((column) => [column / 4, row / 4] as const));
}

/** A square at fractions of the room that it has in a box, as PIL's rounding places it. */
function placed(box: Box, x: number, y: number, side: number): Box {
  return {
    left: box.left + roundHalfEven(x * (box.width - side)),
    top: box.top + roundHalfEven(y * (box.height - side)),
    width: side,
    height: side,
  };
}

function cropIn(box: Box, x: number, y: number, size: number): Window {
  return { ...placed(box, x, y, size), clipped: false, ...wholeSlot(size) };
}

/** All of the box, resized to the crop's size. */
function wholeOf(box: Box, size: number): Window {
  return { ...box, clipped: true, ...wholeSlot(size) };
}

function wholeSlot(size: number) {
  return { outLeft: 0, outTop: 0, outWidth: size, outHeight: size };
}
