/** Numbers as people read them. Each has an exact form for the tooltip. */

const LOCALE = 'en-US'
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 3 })
const fine = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 2 })
/** Of what was added up here: without what binary fractions leave behind. */
const sum = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 9, useGrouping: false })
const cents = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 })

export interface Formatted {
  shown: string
  exact: string
}

/** A count of tokens, requests, anything: 1,234 until it gets long, then 12.3K. */
export function count(value: number): Formatted {
  const exact = whole.format(value)
  return { shown: Math.abs(value) < 10_000 ? exact : short.format(value), exact }
}

/** An amount in the instance's currency, as the API sends it: a decimal in a string, or a number. */
export function money(value: string | number): Formatted {
  const number = Number(value)
  const size = Math.abs(number)
  const exact = `${number < 0 ? '−' : ''}$${typeof value === 'string' ? trimmed(value).replace('-', '') : sum.format(size)}`
  if (size === 0) return { shown: '$0.00', exact }
  if (size < 0.01) return { shown: number < 0 ? '−<$0.01' : '<$0.01', exact }
  const digits = size < 10_000 ? cents.format(size) : short.format(size)
  return { shown: `${number < 0 ? '−' : ''}$${digits}`, exact }
}

/** What may be far less than a cent, such as the cost of one request. */
export function smallMoney(value: string | number): Formatted {
  const { shown, exact } = money(value)
  const number = Number(value)
  const size = Math.abs(number)
  if (size === 0 || size >= 0.01) return { shown, exact }
  return { shown: `${number < 0 ? '−' : ''}$${fine.format(size)}`, exact }
}

/** A price of one token, as the price of a million of them. */
export function pricePerMillion(perToken: string): Formatted {
  const million = Number(perToken) * 1e6
  const digits = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 4 })
  return { shown: `$${digits.format(million)}`, exact: `$${trimmed(perToken)} per token` }
}

export function milliseconds(value: number): Formatted {
  const exact = `${whole.format(value)} ms`
  return { shown: value < 1000 ? exact : `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`, exact }
}

export function percentage(value: number): Formatted {
  const rounded = value === 100 || value === 0 ? String(value) : value.toFixed(value > 99 ? 2 : 1)
  return { shown: `${rounded}%`, exact: `${value}%` }
}

/** Beside an axis: without zeros that say nothing. "$4.00" is "$4" there, and "1.50 s" is "1.5 s". */
export function tick(shown: string): string {
  if (/^0(\.0+)?( \w+)?$/.test(shown)) return '0'
  return shown.replace(/\.0+(?=\D|$)/, '').replace(/(\.\d*[1-9])0+(?= s$)/, '$1')
}

/** "1 key", "3 keys". */
export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${whole.format(amount)} ${amount === 1 ? one : many}`
}

function trimmed(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal
}
