import { useQueries, useQuery } from '@tanstack/react-query'
import { isEmpty, type Chart } from '@/components/chart'
import { TimeChart } from '@/components/chart/time-chart'
import { count } from '@/format/number'
import { seriesOptions, userSeriesOptions, usersOptions, type Model } from '../queries'
import type { Range } from '../search'
import { byUser, DRAWN_USERS, type Measure } from './by-user'
import { stretch, unitOf } from './figures'
import { nameOf } from './user-name'

const MEASURES: readonly { measure: Measure; title: string }[] = [
  { measure: 'requests', title: 'Requests by user' },
  { measure: 'tokens', title: 'Tokens by user' },
]

/** Who used it when. */
export function UserCharts({ model, range }: { model: Model; range: Range }) {
  const everybody = useQuery(seriesOptions(model.alias, range))
  const users = useQuery(usersOptions(model.alias, range))
  const drawn = (users.data?.data ?? []).filter((row) => row.user_id != null).slice(0, DRAWN_USERS)
  const each = useQueries({
    queries: drawn.map((row) => userSeriesOptions(model.alias, range, row.user_id ?? '')),
  })
  const queries = [everybody, users, ...each]
  const failed = queries.find((query) => query.isError && query.data === undefined)
  const waiting = queries.some((query) => query.data === undefined)
  const retry = () => queries.forEach((query) => query.isError && void query.refetch())
  return (
    <div className="grid gap-3 xl:grid-cols-2">
      {MEASURES.map(({ measure, title }) => {
        const asked = everybody.data?.asked ?? stretch(range, Date.now())
        const named = drawn.map((row, index) => ({ name: nameOf(row), rows: each[index]?.data ?? [] }))
        const chart: Chart = {
          title,
          description: 'Those who asked it most',
          ...byUser(named, everybody.data?.rows ?? [], asked, measure),
          stacked: true,
          named: true,
          format: count,
        }
        const state =
          failed !== undefined
            ? { error: failed.error, retry }
            : waiting
              ? 'loading'
              : isEmpty(chart)
                ? 'empty'
                : 'ready'
        return (
          <TimeChart key={measure} chart={chart} unit={unitOf(range)} short={range === '24h'} state={state} />
        )
      })}
    </div>
  )
}
