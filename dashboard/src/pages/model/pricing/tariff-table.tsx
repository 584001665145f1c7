import { Pencil, Trash2 } from 'lucide-react'
import { PlainTable, type PlainColumn } from '@/components/plain-table'
import { Figure, Time } from '@/components/values'
import { Button } from '@/design/button'
import { Tooltip } from '@/design/menu'
import { money, plural, pricePerMillion } from '@/format/number'
import type { Tariff } from '../queries'
import { KINDS, PURPOSES, purposeOf } from './tariff'

interface TariffTableProps {
  label: string
  tariffs: readonly Tariff[]
  onEdit?: (tariff: Tariff) => void
  onClose?: (tariff: Tariff) => void
  /** Whether to show when each was closed. */
  closed?: boolean
}

export function TariffTable({ label, tariffs, onEdit, onClose, closed }: TariffTableProps) {
  const columns: PlainColumn<Tariff>[] = [
    {
      head: 'Tariff',
      cell: (tariff) => <span className="block max-w-48 truncate font-medium">{tariff.name}</span>,
    },
    {
      head: 'For',
      from: 'sm',
      cell: (tariff) => <span className="whitespace-nowrap text-soft">{forWhom(tariff)}</span>,
    },
    {
      head: 'Input',
      numeric: true,
      cell: (tariff) => <Figure value={pricePerMillion(tariff.input_price_per_token)} />,
    },
    {
      head: 'Output',
      numeric: true,
      cell: (tariff) => <Figure value={pricePerMillion(tariff.output_price_per_token)} />,
    },
    { head: 'Other prices', from: 'md', cell: (tariff) => <Others tariff={tariff} /> },
    { head: 'Since', from: 'lg', cell: (tariff) => <Time at={tariff.valid_from} /> },
    ...(closed === true
      ? [{ head: 'Until', cell: (tariff: Tariff) => <Time at={tariff.valid_until} never="In force" /> }]
      : []),
    ...(onEdit === undefined || onClose === undefined
      ? []
      : [
          {
            head: <span className="sr-only">Actions</span>,
            numeric: true,
            cell: (tariff: Tariff) => (
              <span className="inline-flex">
                <Button
                  variant="ghost"
                  size="icon-sm"
                  aria-label={`Change ${tariff.name}`}
                  onClick={() => onEdit(tariff)}
                >
                  <Pencil aria-hidden />
                </Button>
                <Button
                  variant="ghost"
                  size="icon-sm"
                  aria-label={`Close ${tariff.name}`}
                  onClick={() => onClose(tariff)}
                >
                  <Trash2 aria-hidden />
                </Button>
              </span>
            ),
          },
        ]),
  ]
  return <PlainTable label={label} columns={columns} rows={tariffs} rowId={(tariff) => tariff.id} />
}

function forWhom(tariff: Tariff): string {
  const purpose = PURPOSES.find(({ value }) => value === purposeOf(tariff))?.label ?? ''
  return tariff.completion_window == null ? purpose : `${purpose} within ${tariff.completion_window}`
}

function Others({ tariff }: { tariff: Tariff }) {
  const kinds = KINDS.flatMap(({ name, label }) => {
    const price = tariff[name]
    return price == null ? [] : [`${label}: ${pricePerMillion(price).shown}`]
  })
  if (tariff.price_per_request != null) kinds.push(`Each request: ${money(tariff.price_per_request).exact}`)
  if (kinds.length === 0) return <span className="text-faint">—</span>
  return (
    <Tooltip
      label={
        <ul>
          {kinds.map((kind) => (
            <li key={kind}>{kind}</li>
          ))}
        </ul>
      }
    >
      <button type="button" className="text-soft underline decoration-dotted underline-offset-2">
        {plural(kinds.length, 'price')}
      </button>
    </Tooltip>
  )
}
