import type { Value } from './options/index.js';
import type { SettingOrigin } from './resolve.js';

/** Where the value of a setting came from, in words. */
export function describeOrigin({ source, where }: SettingOrigin): string {
  switch (source) {
    case 'flag':
      return 'command line';
    case 'config':
      return where ?? '--config';
    case 'environment':
      return where ?? source;
    case 'dataset':
      return 'statistics of the dataset';
    case 'run':
      return `run ${where}`;
    case 'recipe':
      return where === undefined ? source : `recipe: ${where}`;
    default:
      return source;
  }
}

/** A value as the command line takes it; "-" where there is none. */
export function describeSetting(value: Value): string {
  if (value === null) return '-';
  return Array.isArray(value) ? value.join(',') : String(value);
}
