/** A picture that somebody sent or a model made. One that is somewhere else is named, not loaded: no request leaves for
 * another origin. */
const SHOWN = /^data:image\/(png|jpeg|gif|webp);base64,/

export function Picture({ source, alt }: { source: string; alt: string }) {
  if (SHOWN.test(source)) {
    return <img src={source} alt={alt} className="max-h-64 w-fit max-w-full rounded-lg border border-line" />
  }
  return (
    <p className="rounded-lg border border-line bg-sunken px-3 py-2 font-mono text-xs break-all">
      {source === '' ? 'A picture' : source}
    </p>
  )
}
