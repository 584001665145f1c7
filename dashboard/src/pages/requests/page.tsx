import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { Download, Pause, Play, Radio, ScrollText, SearchX } from 'lucide-react'
import { useMemo, useState } from 'react'
import { DataTable, type Listed } from '@/components/data-table/data-table'
import { FilterBar } from '@/components/data-table/filter-bar'
import { EmptyState, Page } from '@/components/page'
import { Button } from '@/design/button'
import { Menu, MenuItem } from '@/design/menu'
import { COLUMNS } from './columns'
import { RequestDrawer } from './detail/drawer'
import { Filters } from './filters'
import { LogPager } from '@/components/data-table/log-pager'
import { OpenById } from './open-by-id'
import { exportFile, logOptions, type Entry } from './queries'
import { TailStatus } from './tail-status'
import { useLog } from './use-log'
import { useTail } from './use-tail'

export function RequestsPage() {
  const log = useLog()
  const { state, before, live } = log
  const [paused, setPaused] = useState(false)
  const query = useQuery(logOptions(log.query, before, state.per))
  const newest = query.data?.data.reduce((highest, { id }) => Math.max(highest, id), 0)
  const tail = useTail(log.query, newest, live && query.isSuccess && !query.isPlaceholderData, paused)
  const shown = useWithArrivals(query, live ? tail.entries : NONE)
  const open = (request: string | undefined) => state.set({ request, part: undefined })
  return (
    <Page
      title="Requests"
      description="Every AI request, what came of it, and what was said."
      actions={
        <>
          {live && (
            <Button onClick={() => setPaused(!paused)}>
              {paused ? <Play aria-hidden /> : <Pause aria-hidden />} {paused ? 'Resume' : 'Pause'}
            </Button>
          )}
          <Button
            aria-pressed={live}
            className={live ? 'bg-selected' : undefined}
            onClick={() => {
              setPaused(false)
              state.set({ live: live ? undefined : 'yes', before: undefined })
            }}
          >
            <Radio aria-hidden /> Live
          </Button>
          <Menu
            trigger={
              <Button>
                <Download aria-hidden /> Export
              </Button>
            }
          >
            <MenuItem asChild>
              <a href={exportFile(log.query, 'csv')} download>
                All that match, as CSV
              </a>
            </MenuItem>
            <MenuItem asChild>
              <a href={exportFile(log.query, 'jsonl')} download>
                All that match, as JSON lines
              </a>
            </MenuItem>
          </Menu>
        </>
      }
    >
      <FilterBar
        state={state}
        hidden={query.data?.total_count === 0 && before === undefined && !live}
        searchLabel="Find by request id"
      >
        <Filters state={state} />
      </FilterBar>
      {live && <TailStatus tail={tail} />}
      <DataTable
        label="Requests"
        columns={COLUMNS}
        query={shown}
        state={state}
        rowId={(entry) => String(entry.id)}
        rowName={(entry) => String(entry.id)}
        onOpen={(entry) => open(entry.details?.request_id ?? String(entry.id))}
        pager={
          <LogPager
            state={state}
            older={query.data?.older === true ? query.data.data.at(-1)?.id : undefined}
            newest={before === undefined}
            loading={query.isPending}
          />
        }
        empty={
          live ? (
            <EmptyState icon={<Radio />} title="Waiting for the first request">
              It appears here within a second or two of its end.
            </EmptyState>
          ) : (
            <EmptyState
              icon={<ScrollText />}
              title={before === undefined ? 'No requests yet' : 'Nothing older'}
            >
              {before === undefined
                ? 'Every AI request appears here when it has ended. Make a key, copy a snippet from Models, and send one.'
                : 'This is the end of the log.'}
            </EmptyState>
          )
        }
        nothingFound={
          <EmptyState
            icon={live ? <Radio /> : <SearchX />}
            title={live ? 'Waiting for a request that matches' : 'No request matches'}
            action={<Button onClick={state.widen}>Show all requests</Button>}
          >
            {state.search === '' ? (
              'Filters narrow what is found.'
            ) : (
              <OpenById id={state.search} onOpen={() => open(state.search)} />
            )}
          </EmptyState>
        }
      />
      {log.request !== undefined && (
        <RequestDrawer
          id={log.request}
          onClose={() => open(undefined)}
          part={log.part}
          onPart={(part) => state.set({ part })}
        />
      )}
    </Page>
  )
}

const NONE: readonly Entry[] = []

/** The page of the log with what has arrived since on top. */
function useWithArrivals(
  query: UseQueryResult<Listed<Entry>>,
  arrived: readonly Entry[],
): UseQueryResult<Listed<Entry>> {
  const merged = useMemo(() => {
    if (query.data === undefined || arrived.length === 0) return query.data
    const known = new Set(arrived.map(({ id }) => id))
    const data = [...arrived, ...query.data.data.filter(({ id }) => !known.has(id))]
    return { data, total_count: data.length }
  }, [query.data, arrived])
  return { ...query, data: merged } as UseQueryResult<Listed<Entry>>
}
