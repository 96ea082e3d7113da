/** Times as people read them at a glance. */

/** `4s`, `7m20s`, `2h31m` or `3d4h`: two units at most, the smaller one rounded. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  const hours = Math.round(whole / 3600);
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}

/** `14:32` today, `Fri 14:32` within a week, else `3 Dec 14:32`; in local time. */
export function clock(time: Date, now = new Date()): string {
  const hour = `${two(time.getHours())}:${two(time.getMinutes())}`;
  const days = (midnight(time) - midnight(now)) / 86_400_000;
  if (days < 0.5) return hour;
  if (days < 6.5) return `${time.toLocaleDateString('en', { weekday: 'short' })} ${hour}`;
  return `${time.getDate()} ${time.toLocaleDateString('en', { month: 'short' })} ${hour}`;
}

function midnight(time: Date): number {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
