import { CircleCheck, Send, TriangleAlert } from 'lucide-react'
import type { Schema } from '@/api/client'
import { CodeBlock } from '@/components/code-block'
import { DetailList } from '@/components/detail-list'
import { Panel } from '@/components/panel'
import { sayProblem } from '@/components/toast'
import { Button } from '@/design/button'
import { useCan, useUser } from '@/session/session'
import { Configured, Mono, none, set, Setting } from './configured'
import { SMTP_EXAMPLE } from './examples'
import { useTestMail, type Overview } from './queries'

const SECURITY = { starttls: 'STARTTLS', tls: 'TLS from the first byte', none: 'None: all in clear' }

export function MailPage() {
  const can = useCan()
  return (
    <Configured
      title="E-mail"
      description="Links that set a new password, and what people want to be told, leave by mail."
    >
      {({ mail }) => (
        <>
          <Panel title="How mails leave">
            <Transport {...mail} />
          </Panel>
          {can('Update', 'System') && <Test file={mail.transport === 'file'} />}
          <Panel
            title="Where to change it"
            description={
              <>
                Beneath <Setting>email</Setting> of the configuration; it is read at the next start. The
                password is best given as <Setting>CONTROL_LAYER_EMAIL__SMTP__PASSWORD</Setting>.
              </>
            }
          >
            <CodeBlock code={SMTP_EXAMPLE} language={undefined} label="Settings of e-mail" />
          </Panel>
        </>
      )}
    </Configured>
  )
}

function Transport(mail: Overview['mail']) {
  return (
    <>
      {mail.transport === 'file' && (
        <p className="mb-2 flex gap-2 rounded-md bg-warn-well px-3 py-2 text-warn">
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          Mails reach nobody: they are kept as files in the data directory.
        </p>
      )}
      <DetailList
        entries={[
          set(
            'By',
            'email.transport',
            mail.transport === 'smtp' ? 'A mail server (SMTP)' : 'Files, in mail/ of the data directory',
          ),
          set('Sender', 'email.sender', mail.sender),
          ...(mail.transport === 'smtp'
            ? ([
                set('Server', 'email.smtp.host', <Mono>{`${mail.host ?? ''}:${mail.port ?? ''}`}</Mono>),
                set(
                  'Security',
                  'email.smtp.security',
                  mail.security === null ? none : SECURITY[mail.security],
                ),
              ] as const)
            : []),
        ]}
      />
    </>
  )
}

function Test({ file }: { file: boolean }) {
  const user = useUser()
  const test = useTestMail()
  return (
    <Panel
      title="Try it"
      description={`A mail to ${user.email}, at once.`}
      actions={
        <Button busy={test.isPending} onClick={() => test.mutate(undefined, { onError: sayProblem })}>
          <Send aria-hidden /> Send a test mail
        </Button>
      }
    >
      {test.data === undefined ? undefined : <Outcome {...test.data} file={file} />}
    </Panel>
  )
}

function Outcome({ sent, to, reason, file }: Schema['TestMail'] & { file: boolean }) {
  return (
    <p role="status" className="flex gap-2">
      {sent ? (
        <>
          <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
          {file ? 'The file is written.' : `The mail server took the mail to ${to}.`}
        </>
      ) : (
        <>
          <TriangleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
          <span className="min-w-0 break-words text-bad">It could not be sent: {reason}</span>
        </>
      )}
    </p>
  )
}
