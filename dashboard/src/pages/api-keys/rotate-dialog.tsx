import { useState } from 'react'
import { asProblem } from '@/api/problem'
import { FormError, FormField } from '@/components/form-field'
import { SecretShown } from '@/components/secret-shown'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { Select } from '@/design/field'
import { useRotateKey, type ListedKey } from './queries'
import { useFullName, useStranger } from './rights'

const GRACES = [
  { value: '0', label: 'Not at all: it stops now' },
  { value: '3600', label: 'For another hour' },
  { value: '86400', label: 'For another day' },
  { value: '604800', label: 'For another 7 days' },
] as const
const DEFAULT_GRACE = '86400'

export function RotateDialog({ apiKey, onClose }: { apiKey: ListedKey; onClose: () => void }) {
  const [grace, setGrace] = useState<string>(DEFAULT_GRACE)
  const stranger = useStranger()(apiKey)
  const called = useFullName()(apiKey)
  const rotate = useRotateKey(apiKey)
  if (rotate.data !== undefined) {
    return <SecretShown secret={rotate.data.key} title={`New secret of ${called}`} onStored={onClose} />
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Rotate ${called}?`}
      description={
        stranger === undefined
          ? 'The key gets a new secret. Its name, limits and history stay.'
          : `The key gets a new secret, for you to hand to ${stranger}. Its name, limits and history stay.`
      }
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" busy={rotate.isPending} onClick={() => rotate.mutate(Number(grace))}>
            Rotate key
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <FormField
          label={`The old secret, ${apiKey.prefix}…, goes on working`}
          hint="Time to put the new one everywhere. A secret that somebody else has seen should stop now."
        >
          {(control) => <Select {...control} value={grace} onChange={setGrace} options={GRACES} />}
        </FormField>
        <FormError>{rotate.error === null ? undefined : asProblem(rotate.error).message}</FormError>
      </div>
    </Dialog>
  )
}
