/** Where the arrow keys lead in a grid with a head at its top and at its side. Pure. */

/** -1 is the head. There is nothing in the corner. */
export interface Place {
  row: number
  column: number
}

export interface Size {
  rows: number
  columns: number
}

/** Where a key leads, or nothing if it leads nowhere. Home and End go along the row, with Ctrl to the grid's ends. */
export function moved(from: Place, key: string, ctrl: boolean, { rows, columns }: Size): Place | undefined {
  const { row, column } = from
  switch (key) {
    case 'ArrowUp':
      return within({ row: row - 1, column }, { rows, columns })
    case 'ArrowDown':
      return within({ row: row + 1, column }, { rows, columns })
    case 'ArrowLeft':
      return within({ row, column: column - 1 }, { rows, columns })
    case 'ArrowRight':
      return within({ row, column: column + 1 }, { rows, columns })
    case 'Home':
      return ctrl ? { row: 0, column: 0 } : { row, column: 0 }
    case 'End':
      return { row: ctrl ? rows - 1 : row, column: columns - 1 }
    default:
      return undefined
  }
}

function within(place: Place, { rows, columns }: Size): Place | undefined {
  const { row, column } = place
  const inside = row >= -1 && row < rows && column >= -1 && column < columns
  return inside && (row >= 0 || column >= 0) ? place : undefined
}

/** The place itself, or the nearest one that a smaller grid still has. */
export function kept({ row, column }: Place, { rows, columns }: Size): Place {
  return { row: Math.min(row, rows - 1), column: Math.min(column, columns - 1) }
}
