/** The bars on the terminal: whoever else writes there takes them away first. */
let end: (() => void) | undefined;

export function barsShown(onClear: () => void): void {
  end = onClear;
}

export function barsEnded(): void {
  end = undefined;
}

export function clearBars(): void {
  end?.();
}
