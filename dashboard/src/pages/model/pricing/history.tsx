import { useQuery } from '@tanstack/react-query'
import { ErrorState } from '@/components/page'
import { Panel } from '@/components/panel'
import { plural } from '@/format/number'
import { tariffsOptions, type Model } from '../queries'
import { TariffTable } from './tariff-table'

/** What the model has cost. */
export function History({ model }: { model: Model }) {
  const query = useQuery(tariffsOptions(model.id))
  if (query.isError && query.data === undefined) {
    return <ErrorState error={query.error} retry={() => void query.refetch()} />
  }
  const closed = (query.data?.data ?? []).filter((tariff) => !tariff.is_active)
  const left = (query.data?.total_count ?? 0) - (query.data?.data.length ?? 0)
  if (closed.length === 0) return null
  return (
    <Panel
      flush
      title="Former prices"
      {...(left > 0 && { description: `The last ones; ${plural(left, 'earlier one')} are left out.` })}
    >
      <TariffTable closed label="Former tariffs" tariffs={closed} />
    </Panel>
  )
}
