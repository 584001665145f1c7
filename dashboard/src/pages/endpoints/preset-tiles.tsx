import { ProviderMark } from '@/components/provider-mark'
import type { Provider } from './presets'

interface PresetTilesProps {
  providers: readonly Provider[]
  onChoose: (provider: Provider) => void
}

export function PresetTiles({ providers, onChoose }: PresetTilesProps) {
  return (
    <ul className="grid grid-cols-2 gap-2 sm:grid-cols-3" aria-label="Providers">
      {providers.map((provider) => (
        <li key={provider.key}>
          <button
            type="button"
            onClick={() => onChoose(provider)}
            className="flex h-12 w-full items-center gap-2.5 rounded-lg border border-line bg-surface px-2.5 text-left shadow-raised hover:border-line-strong hover:bg-hover"
          >
            <ProviderMark name={provider.name} />
            <span className="line-clamp-2 min-w-0 leading-4 font-medium">{provider.name}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
