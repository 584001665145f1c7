import { clsx, type ClassValue } from 'clsx'
import { extendTailwindMerge } from 'tailwind-merge'

const merge = extendTailwindMerge({})

/** Joins class names; of two that contradict each other the later one stays. */
export function cn(...values: ClassValue[]): string {
  return merge(clsx(values))
}
