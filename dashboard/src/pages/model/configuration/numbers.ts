/** Numbers in fields: empty means none. */

type Check = (text: string) => true | string

/** Within bounds that both count; `open` says that the lower one does not. */
export function between(
  least: number,
  most: number,
  options: { whole?: boolean; open?: boolean } = {},
): Check {
  const { whole, open } = options
  return (text) => {
    if (text.trim() === '') return true
    const value = Number(text)
    const inside = (open === true ? value > least : value >= least) && value <= most
    if (inside && (whole !== true || Number.isInteger(value))) return true
    const kind = whole === true ? 'A whole number' : 'A number'
    return Number.isFinite(most)
      ? `${kind} ${open === true ? 'above' : 'from'} ${least.toLocaleString('en-US')} ${open === true ? 'and up to' : 'to'} ${most.toLocaleString('en-US')}.`
      : `${kind} ${open === true ? 'greater than' : 'not less than'} ${least.toLocaleString('en-US')}.`
  }
}

/** The same, and it may not be empty. */
export function needed(check: Check): Check {
  return (text) => (text.trim() === '' ? 'This is needed.' : check(text))
}

export function numberOrNull(text: string): number | null {
  return text.trim() === '' ? null : Number(text)
}

export function asText(value: number | string | null | undefined): string {
  return value == null ? '' : String(value)
}
