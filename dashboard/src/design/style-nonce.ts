/** The server's policy lets no `<style>` element in but those with the page's nonce. */
import { setNonce } from 'get-nonce'

export const styleNonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? ''

// What holds the page still behind a dialog writes a style element of its own.
if (styleNonce !== '') setNonce(styleNonce)
