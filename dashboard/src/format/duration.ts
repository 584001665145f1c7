/** Lengths of time as configurations have them. Pure. */
import { plural } from './number'

const UNITS: readonly [string, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** "30 days", "36 hours", "90 minutes": the largest unit of which there is a whole number. */
export function lengthOfTime(seconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => seconds >= each && seconds % each === 0) ?? ['second', 1]
  return plural(seconds / size, unit)
}
