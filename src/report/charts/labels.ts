/** Where the names of points are written, so that they cover neither each other nor the points. */

export interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly text: string;
}

/** A text by its left edge and its middle; `from` and `to` are the ends of the line to its disc. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly line?: { readonly from: Place; readonly to: Place };
}

interface Place {
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Of letters of 11 pixels, about, and the room between two names. */
const LETTER = 6.1;
const ROOM = 5;
const LINE = 13;
const DIRECTIONS = 24;
const GAPS = [3, 8, 15, 24, 35, 48, 64];
/** From this gap on a line leads to the disc. */
const LINE_FROM = 8;
const SWEEPS = 6;

/** What a square pixel costs that is covered: of another name, and of a disc. */
const COST = { label: 40, disc: 4, own: 12, gap: 3 };

/** Places for the names of discs within a picture of this size. */
export function placeLabels(discs: readonly Disc[], width: number, height: number): Label[] {
  const candidates = discs.map((disc) => candidatesOf(disc, width, height));
  const fixed = candidates.map((list, own) => list.map((box) => fixedCost(box, own, discs)));
  const chosen: number[] = candidates.map((_, own) => leastOf(fixed[own] as number[]));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let moved = false;
    for (const [own, list] of candidates.entries()) {
      const others = chosen.flatMap((at, other) =>
        other === own ? [] : [(candidates[other] as Candidate[])[at] as Candidate],
      );
      const costs = list.map((box, at) => {
        const covered = others.reduce((sum, other) => sum + overlap(box, other), 0);
        return (fixed[own]?.[at] as number) + COST.label * covered;
      });
      const best = leastOf(costs);
      if (best !== chosen[own]) [chosen[own], moved] = [best, true];
    }
    if (!moved) break;
  }
  return discs.map((disc, own) => labelOf(disc, candidates[own]?.[chosen[own] as number]));
}

interface Candidate extends Box {
  readonly gap: number;
  /** Right of the disc is where names are looked for first. */
  readonly turn: number;
}

function candidatesOf({ x, y, radius, text }: Disc, width: number, height: number): Candidate[] {
  const length = LETTER * text.length + ROOM;
  const all = GAPS.flatMap((gap) =>
    Array.from({ length: DIRECTIONS }, (_, step): Candidate => {
      const angle = (2 * Math.PI * step) / DIRECTIONS;
      const [across, down] = [Math.cos(angle), Math.sin(angle)];
      const reach = radius + gap;
      const left = x + reach * across - (length * (1 - across)) / 2;
      const top = y + reach * down - (LINE * (1 - down)) / 2;
      return { left, top, right: left + length, bottom: top + LINE, gap, turn: 1 - across };
    }),
  );
  const inside = all.filter(({ left, top, right, bottom }) => {
    return left >= 0 && top >= 0 && right <= width && bottom <= height;
  });
  return inside.length === 0 ? all : inside;
}

function fixedCost(box: Candidate, own: number, discs: readonly Disc[]): number {
  const covered = discs.reduce((sum, { x, y, radius }, at) => {
    const around = { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius };
    return sum + overlap(box, around) * (at === own ? COST.own : COST.disc);
  }, 0);
  return covered + COST.gap * box.gap + 2 * box.turn;
}

function overlap(a: Box, b: Box): number {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return across > 0 && down > 0 ? across * down : 0;
}

function leastOf(costs: readonly number[]): number {
  return costs.reduce((best, cost, at) => (cost < (costs[best] as number) ? at : best), 0);
}

function labelOf({ x, y, radius }: Disc, box: Candidate | undefined): Label {
  if (box === undefined) return { x: x + radius, y };
  const label = { x: box.left, y: (box.top + box.bottom) / 2 };
  if (box.gap < LINE_FROM) return label;
  const to = {
    x: Math.max(box.left, Math.min(box.right, x)),
    y: Math.max(box.top + 2, Math.min(box.bottom - 2, y)),
  };
  const distance = Math.hypot(to.x - x, to.y - y) || 1;
  const part = Math.min(1, radius / distance);
  return { ...label, line: { from: { x: x + part * (to.x - x), y: y + part * (to.y - y) }, to } };
}
