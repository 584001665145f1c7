/** Sums of amounts of money, exact: decimals as the API sends them, in strings. */

export function plus(one: string, two: string): string {
  const digits = Math.max(fractionOf(one).length, fractionOf(two).length)
  return decimal(scaled(one, digits) + scaled(two, digits), digits)
}

export function minus(one: string, two: string): string {
  return plus(one, two.startsWith('-') ? two.slice(1) : `-${two}`)
}

function fractionOf(text: string): string {
  return text.split('.')[1] ?? ''
}

function scaled(text: string, digits: number): bigint {
  const whole = text.split('.')[0] ?? ''
  return BigInt(`${whole}${fractionOf(text).padEnd(digits, '0')}`)
}

function decimal(value: bigint, digits: number): string {
  const sign = value < 0n ? '-' : ''
  const text = String(value < 0n ? -value : value).padStart(digits + 1, '0')
  return digits === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}
