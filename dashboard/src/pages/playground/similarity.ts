/** How alike texts are, by the angle between their vectors. */

/** From -1 to 1; 0 where a vector has no direction. Both are of one length. */
export function cosine(first: readonly number[], second: readonly number[]): number {
  let dot = 0
  let firstSquare = 0
  let secondSquare = 0
  first.forEach((value, index) => {
    const other = second[index] ?? 0
    dot += value * other
    firstSquare += value * value
    secondSquare += other * other
  })
  const lengths = Math.sqrt(firstSquare) * Math.sqrt(secondSquare)
  return lengths === 0 ? 0 : Math.min(Math.max(dot / lengths, -1), 1)
}

/** Of each with each. */
export function similarities(vectors: readonly (readonly number[])[]): number[][] {
  return vectors.map((first) => vectors.map((second) => cosine(first, second)))
}
