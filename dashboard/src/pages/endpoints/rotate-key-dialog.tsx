/** A new credential in place of the old one: tried before it is in force, so that no request meets a wrong one. */
import { useId, useState } from 'react'
import { useForm } from 'react-hook-form'
import { FormError } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { asConnection, connectionOf, spokenBy, type ConnectionValues } from './connection'
import { credentialText } from './credential'
import { CredentialFields, showConnectionProblem } from './credential-fields'
import { explained, type Explanation } from './explanation'
import { useChangeEndpoint, useTest, type Endpoint } from './queries'
import { TestFailure } from './test-failure'

export function RotateKeyDialog({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const formId = useId()
  const form = useForm<ConnectionValues>({ defaultValues: connectionOf(endpoint) })
  const test = useTest()
  const change = useChangeEndpoint(endpoint.id)
  const [failure, setFailure] = useState<Explanation>()
  const replace = async (values: ConnectionValues) => {
    try {
      await change.mutateAsync({ api_key: credentialText(spokenBy(values), values) })
      say(`${endpoint.name} uses the new key.`)
      onClose()
    } catch (error) {
      showConnectionProblem(form, error)
    }
  }
  const submit = form.handleSubmit(async (values) => {
    setFailure(undefined)
    try {
      await test.mutateAsync({ type: 'new', ...asConnection(values) })
    } catch (error) {
      setFailure(explained(error))
      return
    }
    await replace(values)
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={
        endpoint.requires_api_key ? `Rotate the key of ${endpoint.name}` : `Add a key to ${endpoint.name}`
      }
      description="The new key is tried first. Requests under way end with the old one, the next ones use the new one."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          {failure !== undefined && (
            <Button busy={change.isPending} onClick={() => void form.handleSubmit(replace)()}>
              Use it all the same
            </Button>
          )}
          <Button
            type="submit"
            form={formId}
            variant="primary"
            busy={test.isPending || (change.isPending && failure === undefined)}
          >
            Test and use
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="space-y-4" noValidate>
        <CredentialFields
          form={form}
          label="New API key"
          needed="Give the new key."
          hint={`Made at the provider, for ${endpoint.url}. Revoke the old one there when the requests under way have ended.`}
        />
        {failure !== undefined && <TestFailure explanation={failure} />}
        <FormError>{form.formState.errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}
