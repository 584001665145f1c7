import { useId, useState } from 'react'
import { useForm } from 'react-hook-form'
import { FormError } from '@/components/form-field'
import { say } from '@/components/toast'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { asChanges, connectionOf, isAnotherOrigin, type ConnectionValues } from './connection'
import { AdvancedFields, DescriptionField, NameField, UrlField } from './connection-fields'
import { CredentialFields, showConnectionProblem } from './credential-fields'
import { explained, type Explanation } from './explanation'
import { PlaceFields } from './option-fields'
import { useChangeEndpoint, useTest, type Endpoint } from './queries'
import { TestFailure } from './test-failure'

export function EditDialog({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const formId = useId()
  // The list behind may be asked again meanwhile: what was opened is what is compared with.
  const [before] = useState(endpoint)
  const form = useForm<ConnectionValues>({ defaultValues: connectionOf(before) })
  const change = useChangeEndpoint(before.id)
  const test = useTest()
  const [failure, setFailure] = useState<Explanation>()
  const moved = isAnotherOrigin(before.url, form.watch('url'))
  const submit = form.handleSubmit(async (values) => {
    setFailure(undefined)
    try {
      await change.mutateAsync(asChanges(before, values))
    } catch (error) {
      showConnectionProblem(form, error)
      return
    }
    try {
      await test.mutateAsync({ type: 'existing', endpoint_id: before.id })
      say(`${values.name.trim()} saved. The provider answers.`)
      onClose()
    } catch (error) {
      setFailure(explained(error))
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Edit ${before.name}`}
      description="Requests under way end as they began; the next ones follow the changes."
      footer={
        <>
          <Button onClick={onClose}>{failure === undefined ? 'Cancel' : 'Close'}</Button>
          <Button type="submit" form={formId} variant="primary" busy={change.isPending || test.isPending}>
            Save and test
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="space-y-4" noValidate>
        <NameField form={form} />
        <DescriptionField form={form} />
        <UrlField form={form} />
        {moved && (
          <CredentialFields
            form={form}
            needed={before.requires_api_key ? 'Give the key of the new address.' : undefined}
            hint="The stored key was given for another address, and is not sent here."
          />
        )}
        <PlaceFields form={form} />
        <AdvancedFields form={form} open={failure?.about === 'advanced'} />
        {failure !== undefined && (
          <div className="space-y-2">
            <p className="font-medium">Saved, but the provider gives no list of models:</p>
            <TestFailure explanation={failure} />
          </div>
        )}
        <FormError>{form.formState.errors.root?.message}</FormError>
      </form>
    </Dialog>
  )
}
