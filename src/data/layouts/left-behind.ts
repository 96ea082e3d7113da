/** Folders and files that no dataset means to hold: what systems, disks and editors leave behind. */

/** By their names, in lower case. */
const NAMES: ReadonlySet<string> = new Set([
  // Windows
  '$recycle.bin',
  'system volume information',
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  // macOS
  '__macosx',
  'network trash folder',
  'temporary items',
  'icon\r',
  // Linux
  'lost+found',
  // Synology and QNAP
  '@eadir',
  '@tmp',
  '@sharebin',
  '@recycle',
  '@recently-snapshot',
  '@syncthing',
  '#recycle',
  '#snapshot',
  // Python
  '__pycache__',
]);
/** Whether a name may be among them: cheaper than to change the case of every name. */
const MAYBE = /^([$@#_]|sys|net|tem|thu|eht|des|ico|los)/i;

/** What a file or folder is called in the list of those left out; undefined if it is none of them. */
export function leftBehind(name: string): string | undefined {
  // macOS keeps what other disks cannot hold in files of this name.
  if (name.startsWith('._')) return '._*';
  if (name.startsWith('.')) return name;
  return MAYBE.test(name) && NAMES.has(name.toLowerCase()) ? name.trim() : undefined;
}
