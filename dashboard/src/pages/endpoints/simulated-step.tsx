import { FormError } from '@/components/form-field'
import { ProviderMark } from '@/components/provider-mark'
import { asProblem } from '@/api/problem'
import { Button } from '@/design/button'
import { Dialog } from '@/design/dialog'
import { SIMULATED } from './presets'
import { useConnectSimulated } from './queries'

interface SimulatedStepProps {
  onBack: () => void
  onClose: () => void
  /** One is to be connected that runs already. */
  onElsewhere: () => void
  onConnected: (endpoint: { id: string; name: string }) => Promise<void>
}

/** The provider that needs nothing: the server starts it itself. */
export function SimulatedStep({ onBack, onClose, onElsewhere, onConnected }: SimulatedStepProps) {
  const connect = useConnectSimulated()
  const start = async () => onConnected(await connect.mutateAsync())
  return (
    <Dialog
      open
      follows
      onClose={onClose}
      title={
        <span className="flex items-center gap-2.5">
          <ProviderMark name={SIMULATED.name} />
          Connect the simulated provider
        </span>
      }
      description="It answers at once and costs nothing, to try everything without a contract."
      footer={
        <>
          <Button onClick={onBack} className="mr-auto">
            Back
          </Button>
          <Button
            variant="primary"
            busy={connect.isPending}
            onClick={() => void start().catch(() => undefined)}
          >
            Start and connect
          </Button>
        </>
      }
    >
      <div className="space-y-3 text-soft">
        <p>
          Control Layer starts it beside itself, where only its own gateways reach it, and starts it again
          with every restart. It ends when you delete its endpoint.
        </p>
        <p>
          <Button variant="link" className="px-0" onClick={onElsewhere}>
            Connect one that runs elsewhere
          </Button>
        </p>
        <FormError>{connect.error === null ? undefined : asProblem(connect.error).message}</FormError>
      </div>
    </Dialog>
  )
}
