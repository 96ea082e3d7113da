/** The colours of charts and pages, in light and dark. */

export type Theme = 'light' | 'dark';

/** Series are distinct for people with colour blindness too: Okabe and Ito's, some made readable. */
export const COLOURS = {
  paper: { light: '#ffffff', dark: '#16181d' },
  ink: { light: '#1c1e21', dark: '#e6e7ea' },
  soft: { light: '#5d646d', dark: '#a3a9b3' },
  line: { light: '#e1e4e8', dark: '#31353d' },
  'series-1': { light: '#0067a8', dark: '#5ab4ee' },
  'series-2': { light: '#c94f00', dark: '#ff9050' },
  'series-3': { light: '#00805c', dark: '#3cc79f' },
  'series-4': { light: '#a8427f', dark: '#e48cc0' },
  'series-5': { light: '#8a6d00', dark: '#e0bf3c' },
  'series-6': { light: '#5b5bd6', dark: '#a5a5ff' },
  'series-7': { light: '#3b7f8c', dark: '#7ccad9' },
  'series-8': { light: '#7b4b2a', dark: '#cf9d77' },
} as const satisfies Readonly<Record<string, Readonly<Record<Theme, string>>>>;

export type ColourName = keyof typeof COLOURS;

/** A colour as charts name it: `withColours` puts a theme's own in its place, or a page its variable. */
export function colour(name: ColourName): string {
  return `var(--${name})`;
}

/** What series take in turn. */
export const SERIES: readonly string[] = (Object.keys(COLOURS) as ColourName[])
  .filter((name) => name.startsWith('series-'))
  .map(colour);

/** A drawing with the colours of a theme in place of their names. */
export function withColours(svg: string, theme: Theme): string {
  return svg.replaceAll(/var\(--([a-z]+(?:-\d)?)\)/g, (name, found: string) => {
    return COLOURS[found as ColourName]?.[theme] ?? name;
  });
}

/** The style of a page that shows charts: its variables follow what the reader's system prefers. */
export function colourStyle(): string {
  const dark = `@media screen and (prefers-color-scheme:dark){:root{${variables('dark')}}}`;
  return `:root{color-scheme:light dark;${variables('light')}}${dark}`;
}

function variables(theme: Theme): string {
  return Object.entries(COLOURS)
    .map(([name, values]) => `--${name}:${values[theme]}`)
    .join(';');
}
