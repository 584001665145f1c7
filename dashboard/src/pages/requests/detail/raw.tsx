/** What was asked and answered as it is kept. */
import { Badge } from '@/components/badge'
import { CodeBlock } from '@/components/code-block'
import { plural } from '@/format/number'
import { pretty } from '../json'
import type { Detail } from '../queries'

type Bodies = NonNullable<Detail['bodies']>
const HIGHLIGHTED = 100_000

export function Raw({ bodies }: { bodies: Bodies }) {
  const redacted = Object.entries(bodies.redacted)
  return (
    <div className="grid grid-cols-1 gap-5">
      {redacted.length > 0 && (
        <p className="text-soft">
          Taken out before it was kept:{' '}
          {redacted.map(([rule, times]) => `${rule} (${plural(times, 'time')})`).join(', ')}.
        </p>
      )}
      <RawBody title="Request" body={bodies.request} />
      <RawBody title="Response" body={bodies.response} />
    </div>
  )
}

function RawBody({ title, body }: { title: string; body: Bodies['request'] }) {
  const code = pretty(body.content)
  const kind = { json: 'JSON', text: 'Text', base64: 'Base64' }[body.kind]
  return (
    <section>
      <h3 className="mb-2 flex items-center gap-2 font-medium">
        {title} <Badge>{kind}</Badge>
        {body.truncated && <Badge tone="warn">Only its beginning is kept</Badge>}
      </h3>
      {code === '' ? (
        <p className="text-soft">Nothing.</p>
      ) : body.kind === 'json' && code.length <= HIGHLIGHTED ? (
        <CodeBlock code={code} language="json" label={title} />
      ) : (
        <pre
          tabIndex={0}
          role="region"
          aria-label={title}
          className="max-h-[70vh] overflow-auto rounded-lg border border-line bg-sunken p-4 font-mono text-xs leading-5 break-all whitespace-pre-wrap"
        >
          {code}
        </pre>
      )}
    </section>
  )
}
