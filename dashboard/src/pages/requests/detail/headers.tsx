/** The heads of request and answer, as the client sent and got them. */
import { cn } from '@/design/class-names'
import { CopyButton } from '@/components/code-block'
import type { Detail } from '../queries'

type Fields = NonNullable<Detail['headers']>['request']
const HIDDEN = '…'

export function Headers({ headers }: { headers: Detail['headers'] }) {
  if (headers == null) return <p className="text-soft">When this was recorded, headers were not kept yet.</p>
  const hidden = [...headers.request, ...headers.response].some(({ value }) => value === HIDDEN)
  return (
    <div className="grid gap-6">
      <Head title="Request" fields={headers.request} />
      <Head title="Response" fields={headers.response} />
      {hidden && (
        <p className="text-xs text-faint">
          Credentials are not kept: they were taken out before anything was written.
        </p>
      )}
    </div>
  )
}

function Head({ title, fields }: { title: string; fields: Fields }) {
  const lines = fields.map(({ name, value }) => `${name}: ${value}`).join('\n')
  return (
    <section aria-label={title}>
      <div className="mb-2 flex h-7 items-center justify-between gap-2">
        <h3 className="font-medium">{title}</h3>
        {fields.length > 0 && <CopyButton text={lines} />}
      </div>
      {fields.length === 0 ? (
        <p className="text-soft">None.</p>
      ) : (
        <dl className="divide-y divide-line rounded-lg border border-line font-mono text-xs leading-5">
          {fields.map(({ name, value }, index) => (
            <div key={index} className="grid gap-x-4 px-3 py-1.5 sm:grid-cols-[minmax(0,15rem)_1fr]">
              <dt className="break-words text-soft">{name}</dt>
              <dd className={cn('min-w-0 break-words', value === HIDDEN && 'text-faint')}>
                {value === HIDDEN ? 'not kept' : value}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  )
}
