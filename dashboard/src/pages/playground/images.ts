/** Pictures that a person picks, drops or pastes, as data URLs. */

export const MOST_IMAGES = 8
const MOST_MEGABYTES = 8
const TYPES = /^image\/(png|jpeg|webp|gif)$/

export interface Taken {
  images: string[]
  /** Why some were not taken. */
  refusal: string | undefined
}

/** Those of the `files` that models can look at, with room for `room` of them. */
export async function takeImages(files: readonly File[], room: number): Promise<Taken> {
  const pictures = files.filter(({ type }) => TYPES.test(type))
  const small = pictures.filter(({ size }) => size <= MOST_MEGABYTES * 1024 * 1024)
  const images = await Promise.all(small.slice(0, Math.max(room, 0)).map(asDataUrl))
  return { images, refusal: refusalOf(files.length, pictures.length, small.length, room) }
}

function refusalOf(files: number, pictures: number, small: number, room: number): string | undefined {
  if (pictures < files) return 'Only PNG, JPEG, WebP and GIF can be sent.'
  if (small < pictures) return `A picture may have ${MOST_MEGABYTES} MB.`
  return small > room ? `A message may have ${MOST_IMAGES} pictures.` : undefined
}

function asDataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as string)
    reader.onerror = () => reject(new Error(`${file.name} could not be read.`))
    reader.readAsDataURL(file)
  })
}
