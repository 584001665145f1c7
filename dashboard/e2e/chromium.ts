/** A headless Chromium as people have it, without services of its own. */
import sparticuz from '@sparticuz/chromium'
import { chromium, type Browser } from 'playwright-core'

const OWN_SERVICES_OFF = [
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
]
/** Those of the package that make Chromium something else than people have. */
const UNWANTED = ['--single-process', '--disable-web-security', '--allow-running-insecure-content']

// Without it a processor plays the graphics card, and every frame waits for it.
sparticuz.setGraphicsMode = false

export async function launchChromium(...more: string[]): Promise<Browser> {
  const args = sparticuz.args.filter((argument) => !UNWANTED.includes(argument))
  return chromium.launch({
    executablePath: await sparticuz.executablePath(),
    args: [...args, ...OWN_SERVICES_OFF, ...more],
  })
}
