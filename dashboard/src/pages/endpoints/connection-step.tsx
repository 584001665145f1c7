import { ExternalLink } from 'lucide-react'
import { useEffect, useId, useState } from 'react'
import { useForm } from 'react-hook-form'
import { CopyButton } from '@/components/code-block'
import { FormError } from '@/components/form-field'
import { ProviderMark } from '@/components/provider-mark'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { freeName } from '@/format/name'
import { asConnection, connectionTo, spokenBy, type ConnectionValues } from './connection'
import { AdvancedFields, NameField, UrlField } from './connection-fields'
import { kindOf, SECRET_OF } from './credential'
import { CredentialFields, showConnectionProblem } from './credential-fields'
import { explained, type Explanation } from './explanation'
import { PlaceFields } from './option-fields'
import { CUSTOM, SIMULATED, type Provider } from './presets'
import { useTest, type Validated } from './queries'
import { TestFailure } from './test-failure'

/** Of those that are not called by a name. */
const TITLES: Partial<Record<string, string>> = {
  [CUSTOM.key]: 'Connect a provider',
  [SIMULATED.key]: 'Connect the simulated provider',
}

interface ConnectionStepProps {
  provider: Provider
  /** Those that other endpoints have. */
  names: ReadonlySet<string>
  /** What was said before, by somebody who came back. */
  values: ConnectionValues | undefined
  /** Why they were sent back. */
  problem: unknown
  onBack: () => void
  onClose: () => void
  /** Without a list, the models are to be named by hand. */
  onTested: (values: ConnectionValues, validated: Validated | undefined) => void
}

export function ConnectionStep(props: ConnectionStepProps) {
  const { provider, names, values, problem, onBack, onClose, onTested } = props
  const formId = useId()
  const form = useForm<ConnectionValues>({
    defaultValues:
      values ?? connectionTo(provider, provider.key === CUSTOM.key ? '' : freeName(provider.name, names)),
  })
  const test = useTest()
  const [failure, setFailure] = useState<Explanation>()
  useEffect(() => {
    if (problem !== undefined) showConnectionProblem(form, problem)
  }, [form, problem])
  const submit = form.handleSubmit(async (said) => {
    setFailure(undefined)
    try {
      onTested(said, await test.mutateAsync({ type: 'new', ...asConnection(said) }))
    } catch (error) {
      const explanation = explained(error)
      setFailure(explanation)
      const { about } = explanation
      if (about === 'url' || about === 'api_key') {
        const field = about === 'url' ? about : SECRET_OF[kindOf(spokenBy(said), said)]
        form.setError(field, { type: 'server', message: explanation.title + '.' }, { shouldFocus: true })
      }
    }
  })
  return (
    <Dialog
      open
      follows
      onClose={onClose}
      title={
        <span className="flex items-center gap-2.5">
          <ProviderMark name={provider.name} />
          {TITLES[provider.key] ?? `Connect ${provider.name}`}
        </span>
      }
      description="Nothing is kept before you have seen its models."
      footer={
        <>
          <Button onClick={onBack} className="mr-auto">
            Back
          </Button>
          <Button type="submit" form={formId} variant="primary" busy={test.isPending}>
            Test connection
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="space-y-4" noValidate>
        <ProviderHint provider={provider} />
        <NameField form={form} />
        <UrlField form={form} />
        <CredentialFields
          form={form}
          needed={provider.needsKey ? 'This provider refuses those without a key.' : undefined}
          hint="Kept sealed, sent to this provider only, and never shown again."
        />
        <PlaceFields form={form} />
        <AdvancedFields form={form} open={failure?.about === 'advanced'} />
        {failure !== undefined && (
          <TestFailure
            explanation={failure}
            onName={() => void form.handleSubmit((said) => onTested(said, undefined))()}
          />
        )}
        <FormError>{form.formState.errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}

function ProviderHint({ provider }: { provider: Provider }) {
  return (
    <div className="space-y-2 rounded-lg border border-line bg-sunken px-3 py-2 text-soft">
      <p>
        {provider.hint}{' '}
        {provider.docsUrl !== undefined && (
          <a
            href={provider.docsUrl}
            target="_blank"
            rel="noreferrer"
            className="inline-flex items-center gap-1 whitespace-nowrap text-accent underline underline-offset-2"
          >
            {provider.needsKey ? 'Get a key' : 'More'}
            <ExternalLink className="size-3" aria-hidden />
            <span className="sr-only">(opens {new URL(provider.docsUrl).hostname})</span>
          </a>
        )}
      </p>
      {provider.command !== undefined && (
        <div className="flex items-center gap-2 pb-0.5">
          <code className="min-w-0 flex-1 font-mono text-xs break-all text-ink">{provider.command}</code>
          <CopyButton text={provider.command} label="Copy command" />
        </div>
      )}
    </div>
  )
}
