import type { Shown } from '../evaluation/confusions.js';
import { type Html, html } from '../page/html.js';

export function percent(value: number, digits = 1): string {
  return `${value.toFixed(digits)}\u00a0%`;
}

/** A thumbnail; the name of its file is seen where a pointer rests. */
export function picture({ source, name }: Shown, alt: string): Html {
  return html`<img src="${source}" alt="${alt}" title="${name}">`;
}

/** A part that is not there, and why. */
export function missing(reason: string): Html {
  return html`<p class="missing">${reason}</p>`;
}

/** `1h02m`, `3m07s`, `12.4 s`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h${two((seconds % 3600) / 60)}m`;
}

export function grouped(value: number): string {
  return value.toLocaleString('en');
}
