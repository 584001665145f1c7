import { DetailList } from '@/components/detail-list'
import { CopyButton } from '@/components/code-block'
import { Drawer } from '@/design/dialog'
import { exactTime } from '@/format/time'
import { browserName } from '@/format/browser-name'
import { difference, type FieldChange } from './difference'
import { Actor, OperationBadge, words } from './parts'
import type { Entry } from './queries'

export function EntryDrawer({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const changes = difference(entry)
  return (
    <Drawer
      open
      onClose={onClose}
      title={
        <span className="flex items-center gap-2">
          Entry {entry.sequence} <OperationBadge operation={entry.operation} />
        </span>
      }
      description={exactTime(Date.parse(entry.at))}
    >
      <section className="mb-6">
        <h3 className="mb-2 font-medium">What changed</h3>
        {changes.length === 0 ? (
          <p className="text-soft">Nothing that is written down beside the event itself.</p>
        ) : (
          <ul aria-label="What changed" className="divide-y divide-line rounded-lg border border-line">
            {changes.map((change) => (
              <Change key={change.field} {...change} />
            ))}
          </ul>
        )}
      </section>
      <DetailList
        entries={[
          ['Who', <Actor key="who" actor={entry.actor} />],
          [
            'By',
            entry.key_id === null ? 'A session, or the server itself' : <Mono key="key">{entry.key_id}</Mono>,
          ],
          ['From', entry.peer ?? '—'],
          ['With', entry.user_agent === null ? '—' : browserName(entry.user_agent)],
          ['What', words(entry.resource)],
          ['Its id', entry.resource_id === null ? '—' : <Mono key="id">{entry.resource_id}</Mono>],
          ['Request', entry.request_id === null ? '—' : <Mono key="request">{entry.request_id}</Mono>],
          [
            'Hash',
            <span key="hash" className="flex items-center justify-end gap-2">
              <Mono>{`${entry.hash.slice(0, 16)}…`}</Mono> <CopyButton text={entry.hash} />
            </span>,
          ],
          ['Hash before', <Mono key="previous">{`${entry.previous_hash.slice(0, 16)}…`}</Mono>],
        ]}
      />
    </Drawer>
  )
}

function Mono({ children }: { children: string }) {
  return <code className="font-mono text-xs break-all">{children}</code>
}

function Change({ field, before, after }: FieldChange) {
  return (
    <li className="px-3 py-2">
      <p className="mb-1 text-xs text-faint">{field}</p>
      {before !== undefined && <Value sign="−" tone="bg-bad-well text-bad" text={before} />}
      {after !== undefined && <Value sign="+" tone="bg-good-well text-good" text={after} />}
    </li>
  )
}

function Value({ sign, tone, text }: { sign: '−' | '+'; tone: string; text: string }) {
  return (
    <pre className={`flex gap-2 rounded-sm px-2 py-0.5 font-mono text-xs whitespace-pre-wrap ${tone}`}>
      <span aria-label={sign === '+' ? 'Became' : 'Was'} role="img">
        {sign}
      </span>
      <span className="min-w-0 break-all">{text === '' ? '(empty)' : text}</span>
    </pre>
  )
}
