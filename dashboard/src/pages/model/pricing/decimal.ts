/** Decimals as texts, exactly: prices are never made floats. */

const DECIMAL = /^(\d*)(?:\.(\d*))?$/
const MILLION = 6

/** Times ten to the power of `places`; `undefined` for what is no decimal. */
function shifted(text: string, places: number): string | undefined {
  const match = DECIMAL.exec(text.trim())
  const [, whole = '', fraction = ''] = match ?? []
  if (match === null || whole + fraction === '') return undefined
  const point = whole.length + places
  const digits = (whole + fraction).padStart(whole.length + fraction.length + Math.max(0, -point), '0')
  const at = Math.max(point, 0)
  const long = digits.padEnd(at, '0')
  return plain(long.slice(0, at), long.slice(at))
}

function plain(whole: string, fraction: string): string {
  const before = whole.replace(/^0+(?=\d)/, '') || '0'
  const after = fraction.replace(/0+$/, '')
  return after === '' ? before : `${before}.${after}`
}

/** The price of a token from that of a million. */
export function perToken(perMillion: string): string | undefined {
  return shifted(perMillion, -MILLION)
}

export function perMillion(perToken: string): string | undefined {
  return shifted(perToken, MILLION)
}

/** As an amount that a form may hold; the database keeps twelve places. */
export function decimal(text: string, places: number): true | string {
  if (text.trim() === '') return true
  const match = DECIMAL.exec(text.trim())
  if (match === null || shifted(text, 0) === undefined) return 'An amount, such as 2.50.'
  if ((match[2] ?? '').replace(/0+$/, '').length > places) return `At most ${places} places after the point.`
  return true
}
