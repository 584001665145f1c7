/** Amounts of bytes. Pure. */
const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const
const STEP = 1024

/** "10 GB", "1.5 MB". */
export function bytes(amount: number): string {
  let [value, unit] = [amount, 0]
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP
    unit += 1
  }
  return `${Number(value.toFixed(1))} ${UNITS[unit] ?? ''}`
}
