/** A mark of our own for each provider: a few strokes that hint at the name, and a hue. Nobody's logo is copied. */

export interface Glyph {
  /** How names and hosts of the provider's are told from others. */
  says: RegExp
  /** An angle of OKLCH. */
  hue: number
  /** Lines in a square of 24. */
  path: string
  /** Filled circles: their centres and radius. */
  dots?: readonly (readonly [x: number, y: number, radius: number])[]
  dash?: string
}

/** The first that fits counts: an "Azure OpenAI" is Azure's, and Gemini on Vertex AI is Vertex AI's. */
const GLYPHS: readonly Glyph[] = [
  {
    says: /azure/i,
    hue: 240,
    path: 'M4 17.5h16M7 17.5a5 5 0 0 1 10 0M12 6v2.5M5.6 9.1l1.6 1.6M18.4 9.1l-1.6 1.6',
  },
  { says: /bedrock|amazon|\baws\b/i, hue: 65, path: 'M9.5 6.5h5M6.8 12h10.4M4 17.5h16' },
  {
    says: /vertex|aiplatform/i,
    hue: 205,
    path: 'M12 6.5 18.5 12.5 12 18.5 5.5 12.5Z',
    dots: [[12, 6, 2.6]],
  },
  {
    says: /gemini|google|generativelanguage/i,
    hue: 285,
    path: 'M14.2 12a5.1 5.1 0 1 1-10.2 0 5.1 5.1 0 1 1 10.2 0M20 12a5.1 5.1 0 1 1-10.2 0 5.1 5.1 0 1 1 10.2 0',
  },
  {
    says: /open ?router/i,
    hue: 315,
    path: 'M4 12h3.5c5 0 4-6 9.5-6M7.5 12c5 0 4 6 9.5 6',
    dots: [
      [18, 6, 2.2],
      [18, 18, 2.2],
    ],
  },
  { says: /open ?ai/i, hue: 165, path: 'M12 4.8a7.2 7.2 0 1 0 7.2 7.2', dots: [[17.8, 6.2, 2]] },
  { says: /anthropic|claude/i, hue: 40, path: 'M5.5 19 12 5l6.5 14', dots: [[12, 16.6, 1.8]] },
  { says: /cohere/i, hue: 345, path: 'M4 9.5q4-5 8 0t8 0M4 15.5q4-5 8 0t8 0' },
  {
    says: /mistral/i,
    hue: 50,
    path: 'M4 9h10.2a2.6 2.6 0 1 0-2.5-3.4M4 13h13.2a2.6 2.6 0 1 1-2.5 3.4M4 17h6',
  },
  { says: /groq/i, hue: 25, path: 'm6 6 6 6-6 6M12.5 6l6 6-6 6' },
  {
    says: /deep ?seek/i,
    hue: 265,
    path: 'M4 8.5a8 8 0 0 0 16 0M8 8.5a4 4 0 0 0 8 0',
    dots: [[12, 7.5, 1.7]],
  },
  { says: /\bx\.?ai\b|grok/i, hue: 300, path: 'M6 6l12 12M18 6l-4.2 4.2M10.2 13.8 6 18' },
  {
    says: /together/i,
    hue: 220,
    path: 'M12 7 6.5 16.5h11Z',
    dots: [
      [12, 6.5, 2.3],
      [6.3, 17, 2.3],
      [17.7, 17, 2.3],
    ],
  },
  {
    says: /fireworks/i,
    hue: 330,
    path: 'M12 3.5v4M12 16.5v4M3.5 12h4M16.5 12h4M6 6l2.7 2.7M15.3 15.3 18 18M18 6l-2.7 2.7M8.7 15.3 6 18',
    dots: [[12, 12, 1.5]],
  },
  {
    says: /nvidia|\bnim\b/i,
    hue: 130,
    path: 'M7 7h10v10H7ZM10 3.5V7M14 3.5V7M10 17v3.5M14 17v3.5',
    dots: [[12, 12, 1.7]],
  },
  { says: /vllm/i, hue: 85, path: 'M4.5 6.5l5 11 5-11M19 6.5v11' },
  {
    says: /ollama|:11434\b/i,
    hue: 105,
    path: 'M17.5 13.5a5.5 5.5 0 1 1-11 0 5.5 5.5 0 1 1 11 0M9 8.5V4.5M15 8.5V4.5',
  },
  { says: /llama[.\- ]?cpp/i, hue: 150, path: 'M7.5 8.5v7M4 12h7M16.5 8.5v7M13 12h7' },
  {
    says: /simulat/i,
    hue: 190,
    path: 'M19 12a7 7 0 1 1-14 0 7 7 0 1 1 14 0',
    dash: '3.2 4.13',
    dots: [[12, 12, 2]],
  },
]

/** That of a known provider, by its name, else by the host of its address. */
export function glyphOf(name: string, url?: string | null): Glyph | undefined {
  const host = url == null ? '' : (url.split('/')[2] ?? '')
  return GLYPHS.find(({ says }) => says.test(name)) ?? GLYPHS.find(({ says }) => says.test(host))
}

/** Two letters in place of a mark, for who is not known. */
export function monogram(name: string): string {
  const [first = '?', second] = name.split(/[\s.-]+/).filter((word) => word !== '')
  const letters = second === undefined ? first.slice(0, 2) : first.slice(0, 1) + second.slice(0, 1)
  return letters.charAt(0).toUpperCase() + letters.slice(1)
}

/** An angle that a name always has, and others mostly have not. */
export function hueOf(name: string): number {
  let hue = 7
  for (const letter of name.toLowerCase()) hue = (hue * 31 + (letter.codePointAt(0) ?? 0)) % 360
  return hue
}
