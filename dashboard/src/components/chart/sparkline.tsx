/** The shape of a day in a table's cell: a path of our own, because a hundred of them must cost nothing. */
const WIDTH = 88
const HEIGHT = 22

export function Sparkline({ values, label }: { values: readonly number[]; label: string }) {
  const highest = Math.max(...values, 0)
  const step = WIDTH / Math.max(values.length - 1, 1)
  const points = values.map((value, index) => {
    const y = highest === 0 ? HEIGHT - 1 : HEIGHT - 1 - (value / highest) * (HEIGHT - 3)
    return `${(index * step).toFixed(1)},${y.toFixed(1)}`
  })
  return (
    <svg
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={label}
      className="inline-block align-middle"
    >
      {highest === 0 ? (
        <line
          x1="0"
          x2={WIDTH}
          y1={HEIGHT - 1}
          y2={HEIGHT - 1}
          stroke="var(--line-strong)"
          strokeDasharray="2 3"
        />
      ) : (
        <>
          <polygon
            points={`0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}`}
            fill="var(--chart-1)"
            opacity="0.12"
          />
          <polyline
            points={points.join(' ')}
            fill="none"
            stroke="var(--chart-1)"
            strokeWidth="1.5"
            strokeLinejoin="round"
          />
        </>
      )}
    </svg>
  )
}
