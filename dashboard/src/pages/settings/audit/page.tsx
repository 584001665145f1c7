import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { Download, ScrollText, SearchX } from 'lucide-react'
import { useState } from 'react'
import { DataTable } from '@/components/data-table/data-table'
import { useListState } from '@/components/data-table/list-state'
import { LogPager } from '@/components/data-table/log-pager'
import { EmptyState, Page } from '@/components/page'
import { Button } from '@/design/button'
import { Menu, MenuItem } from '@/design/menu'
import { COLUMNS } from './columns'
import { EntryDrawer } from './entry-drawer'
import { Filters } from './filters'
import { AUDIT_LIST } from './list-spec'
import { auditOptions, auditQuery, exportFile } from './queries'

export function AuditPage() {
  const state = useListState(AUDIT_LIST)
  const search: { before?: unknown; entry?: unknown } = useSearch({ strict: false })
  const [opened] = useState(Date.now)
  const filters = auditQuery(state.filters, opened)
  const at = Number(search.before)
  const before = Number.isInteger(at) && at > 0 ? at : undefined
  const query = useQuery(auditOptions(filters, before, state.per))
  const entry = query.data?.data.find(({ sequence }) => String(sequence) === search.entry)
  const open = (sequence: number | undefined) =>
    state.set({ entry: sequence === undefined ? undefined : String(sequence), before })
  return (
    <Page
      title="Audit log"
      description="Who changed what, whatever way it was changed. Nothing is ever taken out of it."
      actions={
        <Menu
          trigger={
            <Button>
              <Download aria-hidden /> Export
            </Button>
          }
        >
          <MenuItem asChild>
            <a href={exportFile(filters, 'csv')} download>
              All that match, as CSV
            </a>
          </MenuItem>
          <MenuItem asChild>
            <a href={exportFile(filters, 'ndjson')} download>
              All that match, as JSON lines
            </a>
          </MenuItem>
        </Menu>
      }
    >
      <Filters state={state} />
      <DataTable
        label="Audit log"
        columns={COLUMNS}
        query={query}
        state={state}
        rowId={({ sequence }) => String(sequence)}
        rowName={({ sequence }) => `entry ${sequence}`}
        onOpen={({ sequence }) => open(sequence)}
        pager={
          <LogPager
            state={state}
            older={query.data?.older === true ? query.data.data.at(-1)?.sequence : undefined}
            newest={before === undefined}
            loading={query.isPending}
          />
        }
        empty={
          <EmptyState icon={<ScrollText />} title="Nothing older">
            This is the beginning of the log.
          </EmptyState>
        }
        nothingFound={
          <EmptyState
            icon={<SearchX />}
            title="No entry matches"
            action={<Button onClick={state.widen}>Show all entries</Button>}
          >
            Filters narrow what is found.
          </EmptyState>
        }
      />
      {entry !== undefined && <EntryDrawer entry={entry} onClose={() => open(undefined)} />}
    </Page>
  )
}
