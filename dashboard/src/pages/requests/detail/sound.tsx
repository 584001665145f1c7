/** Something to listen to. What is said in it stands beside it, where anybody knows: there are no captions. */
export function Sound({ source, label }: { source: string; label: string }) {
  // eslint-disable-next-line jsx-a11y/media-has-caption -- nobody has written any
  return <audio controls src={source} aria-label={label} className="w-full max-w-md" />
}
